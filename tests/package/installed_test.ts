/**
 * Tests the package in an empty project: its size, its types, a program on every runtime, its command line, a page, and what
 * JSR says.
 */
import project from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../cli/process.ts";
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

interface Results {
  readonly digest: string;
  readonly answers: readonly { readonly label: string }[];
}

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
      const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "esnext"];
      const args = ["run", "-q", "-A", `${project.imports.typescript}/tsc`, ...flags, join(folder, name)];
      return await outputOf(ROOT, Deno.execPath(), ...args);
    };
    assertEquals(await tsc("program.ts", PROGRAM), { code: 0, stdout: "", stderr: "" });
    const { code, stdout } = await tsc("wrong.ts", PROGRAM.replace("epochs: 2", 'epochs: "2"'));
    assertEquals(code, 2);
    assertMatch(stdout, /wrong\.ts.*Type 'string' is not assignable to type 'number/);
  },
});

/** Runs the program of the package, trained by `workers`, and returns what it prints. */
async function results(workers: number, command: string, ...args: string[]): Promise<Results> {
  const { folder } = await installedProject();
  const name = `program_${workers}.ts`;
  await writeFile(join(folder, name), PROGRAM.replace("epochs: 2", `$&, workers: ${workers}`));
  return JSON.parse(await runIn(folder, command, ...args, name));
}

optionalTest(npmAbsence, {
  name: "a program of the package has the same digest and answers on Deno and Node",
  async fn() {
    const onDeno = await results(2, Deno.execPath(), "run", "-q", "-A");
    assertMatch(onDeno.digest, /^[0-9a-f]{64}$/);
    assertEquals(onDeno.answers.map(({ label }) => label), ["shipping", "billing"]);
    assertEquals(await results(2, "npx", "-y", "node@26"), onDeno);
  },
});

optionalTest(npmAbsence, {
  name: "a program of the package has one digest on Bun, for any number of workers",
  async fn() {
    // Bun's engine rounds a multiply-add twice on processors of x86, as no other does here: its digest is its own.
    const onBun = await results(2, "npx", "-y", "bun");
    assertEquals(onBun.answers.map(({ label }) => label), ["shipping", "billing"]);
    assertEquals(await results(1, "npx", "-y", "bun"), onBun);
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
