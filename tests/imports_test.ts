import { assert, assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { filesByFolder, importCircles, importProblems, roomCircles, runtimeProblems } from "./import_rules.ts";

const root = new URL("../", import.meta.url);

/** The files outside lib/ that every runtime runs. */
const ENTRIES = [
  "main.ts",
  "mod.ts",
  "threads.ts",
  "workers/train.ts",
  "workers/ngrams.ts",
  "workers/predict.ts",
  "workers/folds.ts",
];

/** The files of lib/ and their texts. */
function libFiles(): Map<string, string> {
  const paths = readdirSync(new URL("lib/", root), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts")).map((path) => `lib/${path}`);
  assert(paths.length > 50, `Only ${paths.length} files were found`);
  return new Map(paths.map((path) => [path, readFileSync(new URL(path, root), "utf8")]));
}

Deno.test("lib/ imports in one direction, has no barrel and no file over 300 lines", () => {
  assertEquals([...libFiles()].flatMap(([path, text]) => importProblems(path, text)), []);
});

Deno.test("entries have nothing that only one runtime has", () => {
  const texts = ENTRIES.map((path) => [path, readFileSync(new URL(path, root), "utf8")] as const);
  assertEquals(texts.flatMap(([path, text]) => runtimeProblems(path, text)), []);
});

Deno.test("no files of lib/ import each other in a circle, also not types", () => {
  assertEquals(importCircles(libFiles()), []);
});

Deno.test("subfolders of lib/ and the files beside them import each other in no circle", () => {
  const files = libFiles();
  const folders = [...filesByFolder(files.keys()).keys()];
  assert(folders.length > 30);
  assertEquals(folders.flatMap((folder) => roomCircles(files, folder)), []);
});

/** Limits the files of a folder, so that a reader finds a file by its folder. */
const MOST_FILES = 16;

Deno.test(`no folder of sources has more than ${MOST_FILES} files beside its subfolders`, () => {
  const paths = ["lib", "dashboard", "workers", "tests", "bench", "kernels", "package"].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: "utf8" })
      .filter((path) => /\.(ts|js)$/.test(path)).map((path) => `${folder}/${path}`)
  );
  assert(paths.length > 500);
  assertEquals([...filesByFolder(paths)].filter(([, files]) => files > MOST_FILES), []);
});

Deno.test("roomCircles() finds a circle of subfolders without a circle of files", () => {
  const files = new Map([
    ["lib/a/low/one.ts", `import { top } from "../top.ts";`],
    ["lib/a/top.ts", `import { two } from "./high/two.ts";`],
    ["lib/a/high/two.ts", `import { three } from "./three.ts";`],
    ["lib/a/high/three.ts", `import type { Four } from "../low/four.ts";`],
    ["lib/a/low/four.ts", ""],
  ]);
  assertEquals(importCircles(files), []);
  assertEquals(roomCircles(files, "lib/a"), [["lib/a/high", "lib/a/low", "lib/a/top.ts"]]);
  assertEquals(roomCircles(files, "lib/b"), []);
});

Deno.test("importCircles() finds every circle, of types, over three files, and of a file with itself", () => {
  const files = new Map([
    ["lib/a/one.ts", `import { b } from "./two.ts";\nimport { z } from "npm:zod";`],
    ["lib/a/two.ts", `import type { C } from "../b/three.ts";\n// import { own } from "./other.ts";`],
    ["lib/b/three.ts", `export { a } from "../a/one.ts";\nconst later = await import("./own.ts");`],
    ["lib/b/own.ts", `import type { Own } from "./own.ts";`],
    ["lib/a/other.ts", `import { b } from "./two.ts";\nimport { missing } from "./missing.ts";`],
  ]);
  const three = ["lib/a/one.ts", "lib/a/two.ts", "lib/b/three.ts"];
  assertEquals(importCircles(files), [["lib/b/own.ts"], three]);
});

const backward: [what: string, path: string, text: string][] = [
  ["a static import", "lib/data/x.ts", `import { a } from "../model/layout.ts";`],
  ["an import over several lines", "lib/data/x.ts", `import {\n  a,\n  b,\n} from "../run/files.ts";`],
  ["an import of types", "lib/engine/x.ts", `import type { Plan } from "../lockstep/plan.ts";`],
  ["an import for its effects", "lib/config/x.ts", `import "../data/batch.ts";`],
  ["a dynamic import", "lib/run/x.ts", `const app = await import("../serve/app.ts");`],
  ["a dynamic import over several lines", "lib/run/x.ts", `await import(\n  "../serve/app.ts"\n);`],
  ["an export from elsewhere", "lib/model/x.ts", `export { a } from "../engine/contract.ts";\nexport const b = 1;`],
  ["an import of the config by errors", "lib/base/errors.ts", `import { a } from "../config/schema.ts";`],
  ["an import from outside", "lib/cli/x.ts", `import { a } from "../../main.ts";`],
  ["an import of a test", "lib/cli/x.ts", `import { a } from "../../tests/engine/close.ts";`],
  ["an import of a part that has no layer", "lib/cli/x.ts", `import { a } from "../misc/x.ts";`],
  ["an engine in serve", "lib/serve/x.ts", `import type { Engine } from "../engine/contract.ts";`],
  ["shared memory in serve", "lib/serve/x.ts", `import { a } from "../lockstep/memory/state.ts";`],
  ["tfjs in serve", "lib/serve/x.ts", `import * as tf from "@tensorflow/tfjs";`],
  ["a call of Deno outside lib/platform", "lib/run/x.ts", `const file = Deno.openSync("a");`],
  ["a thread outside lib/platform", "lib/run/x.ts", `const thread = new Worker(url, {});`],
  ["threads of Node outside lib/platform", "lib/run/x.ts", `import { parentPort } from "node:worker_threads";`],
  ["a computed import", "lib/cli/x.ts", "await import(`../${part}/x.ts`);"],
  ["a file that passes on what others export", "lib/run/mod.ts", `/** All. */\nexport * from "./files.ts";\n`],
  [
    "a file that imports and exports again",
    "lib/run/mod.ts",
    `import { a } from "./files.ts";\nimport type { B } from "./types.ts";\nexport { a };\nexport type { B };\n`,
  ],
  ["a file of 301 lines", "lib/run/x.ts", "const a = 1;\n".repeat(299) + "\n"],
];
for (const [what, path, text] of backward) {
  Deno.test(`importProblems() catches ${what}`, () => {
    const own = path.endsWith("mod.ts") ? "" : "\nexport const own = 1;\n";
    assertEquals(importProblems(path, text + own).length, 1);
  });
}

Deno.test("importProblems() allows imports of lower layers", () => {
  const forward: [path: string, text: string][] = [
    ["lib/model/x.ts", `import type { A } from "../config/schema.ts";\nimport { b } from "../data/batch.ts";\nb();`],
    ["lib/config/x.ts", `import { InputError } from "../base/errors.ts";\nimport { a } from "./paths.ts";\na();`],
    ["lib/cli/x.ts", `const { a } = await import("../serve/app.ts");`],
    ["lib/serve/x.ts", `import page from "../../dashboard/index.html" with { type: "text" };\nexport const a = page;`],
    ["lib/data/x.ts", `// import { a } from "../run/files.ts";\n/* import "../cli/x.ts" */\nexport const a = 1;`],
    ["lib/run/x.ts", "const a = 1;\n".repeat(300)],
  ];
  assertEquals(forward.flatMap(([path, text]) => importProblems(path, text)), []);
});
