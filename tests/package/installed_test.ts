/**
 * Tests the package in an empty project: its size, its types, a program on every runtime, its command line, a page, and what
 * JSR says.
 */
import project from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { optionalTest } from "../optional.ts";
import { installedProject, npmAbsence, outputOf, removeProject, runIn } from "./project.ts";

Deno.test.afterAll(removeProject);

const PROGRAM = `import { load, type Prediction, train } from "lockstep";

const texts = {
  billing: ["I was charged twice", "please refund my card", "a refund for my card", "charged for nothing"],
  shipping: ["where is my parcel?", "the parcel is late", "my parcel is lost", "late again, my parcel"],
};
const data = Object.entries(texts).flatMap(([label, all]) => all.map((text) => ({ text, label })));
await using run = await train({ data, epochs: 2, validation: 0.5, kernels: "wasm" });
const model = await load(run.directory);
const answers: Prediction[] = await model.predictMany(["my parcel", "a refund"]);
console.log(JSON.stringify({ digest: model.digest, answers }));
`;

interface Lock {
  readonly packages: Readonly<Record<string, unknown>>;
}

optionalTest(npmAbsence, {
  name: "npm install of the package adds at most 25 packages and 25 MB, without tfjs",
  async fn() {
    const { folder } = await installedProject();
    const lock: Lock = JSON.parse(await readFile(join(folder, "node_modules/.package-lock.json"), "utf8"));
    const names = Object.keys(lock.packages);
    assert(names.includes("node_modules/lockstep"), names.join());
    assert(names.length <= 25, `${names.length} packages: ${names.join()}`);
    assertEquals(names.filter((name) => name.includes("@tensorflow/")), []);
    const files = await readdir(join(folder, "node_modules"), { recursive: true, withFileTypes: true });
    const sizes = files.filter((file) => file.isFile()).map(({ parentPath, name }) => stat(join(parentPath, name)));
    const bytes = (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
    assert(bytes < 25e6, `${bytes} bytes`);
  },
});

optionalTest(npmAbsence, {
  name: "tsc --strict checks a program of the package with its declarations, and finds a wrong type",
  async fn() {
    const { folder } = await installedProject();
    const tsc = async (name: string, text: string) => {
      await writeFile(join(folder, name), text);
      const typescript = project.imports.typescript.replace("npm:", "");
      const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "esnext"];
      return await outputOf(folder, "npx", "-y", "-p", typescript, "tsc", ...flags, name);
    };
    assertEquals(await tsc("program.ts", PROGRAM), { code: 0, stdout: "", stderr: "" });
    const { code, stdout } = await tsc("wrong.ts", PROGRAM.replace("epochs: 2", 'epochs: "2"'));
    assertEquals(code, 2);
    assertMatch(stdout, /^wrong\.ts.*Type 'string' is not assignable to type 'number/);
  },
});

optionalTest(npmAbsence, {
  name: "a program of the package trains and predicts with the same digest on Deno",
  async fn() {
    const { folder } = await installedProject();
    await writeFile(join(folder, "program.ts"), PROGRAM);
    const runtimes: [name: string, command: string, ...args: string[]][] = [
      ["Deno", Deno.execPath(), "run", "-q", "-A", "--unstable-worker-options"],
    ];
    const results = new Map<string, string>();
    for (const [name, command, ...args] of runtimes) {
      results.set(name, await runIn(folder, command, ...args, "program.ts"));
    }
    const [first] = results.values();
    const { digest, answers } = JSON.parse(first!);
    assertMatch(digest, /^[0-9a-f]{64}$/);
    assertEquals(answers.length, 2);
    for (const [name, result] of results) assertEquals(result, first, name);
  },
});

optionalTest(npmAbsence, {
  name: "JSR takes the package without a warning",
  async fn() {
    const { built } = await installedProject();
    const { code, stderr } = await outputOf(
      join(built, "jsr"),
      Deno.execPath(),
      "publish",
      "--dry-run",
      "--allow-dirty",
    );
    assertEquals(code, 0, stderr);
    assert(!/warning|error/.test(stderr.replaceAll(/^ +file:.*$/gm, "")), stderr);
  },
});
