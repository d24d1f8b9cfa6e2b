/** Tests the library in programs of their own. */
import { assert, assertEquals } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, withFolder } from "../cli/process.ts";
import { PATIENCE_MS } from "../patience.ts";
import { type Example, libraryExamples } from "./examples.ts";
import { SMALL, smallRows } from "./small.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program `code` in `folder`, with the library as `lockstep`. */
async function runProgram(folder: string, code: string, flags: readonly string[] = []): Promise<Ended> {
  const file = join(folder, "program.ts");
  await writeFile(file, asProgram(code));
  const { code: exit, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-A", "--config", join(ROOT, "deno.json"), ...flags, file],
    cwd: folder,
    stdin: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(3 * PATIENCE_MS),
  }).output();
  return { code: exit, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Returns `code` with the places of the library's modules in this project. */
function asProgram(code: string): string {
  const place = (name: string) => JSON.stringify(new URL(`../../${name}`, import.meta.url).href);
  return code.replaceAll('"lockstep"', place("mod.ts")).replaceAll('"lockstep/predict"', place("predict.ts"));
}

Deno.test("a program continues after train(), prints only its own lines, and exits by itself", () =>
  withFolder(async (folder) => {
    const options = { ...SMALL, data: smallRows(60), epochs: 1 };
    const { code, stdout, stderr } = await runProgram(
      folder,
      `import { createApp, serve, train } from "lockstep";
      const run = await train(${JSON.stringify(options)});
      console.log("trained", (await run.model.predict("my parcel")).label);
      await (await serve(run.model, { port: 0 })).close();
      await createApp(run.model).request("/model");
      await run[Symbol.asyncDispose]();
      setTimeout(() => console.log("later"), 1);
      console.log("after");`,
    );
    assertEquals([code, stderr], [0, ""]);
    assert(/^trained about \w+\nafter\nlater\n$/.test(stdout), stdout);
  }));

/** Few rows of the kind that docs/library.md trains on. */
async function writeTickets(folder: string): Promise<void> {
  const ofClass: [label: string, text: (row: number) => string][] = [
    ["shipping", (row) => `where is my parcel ${row}, it is late`],
    ["billing", (row) => `I was charged twice for invoice ${row}`],
  ];
  const lines = Array.from({ length: 120 }, (_, row) => ofClass[row % 2]!).map(([label, text], row) =>
    `"${text(row)}",${label}\n`
  );
  await writeFile(join(folder, "tickets.csv"), `text,label\n${lines.join("")}`);
}

/** Puts the model that an example saves where those of lockstep/predict load it. */
const COPY = `if (fs.existsSync("model/model.lockstep")) fs.copyFileSync("model/model.lockstep", "model.lockstep");\n`;

/** Returns a program that runs `examples` one after the other. The names of files stand in it, so that they are checked. */
function inOrder(examples: readonly Example[], files: readonly string[]): string {
  const steps = examples.map(({ name }, at) => {
    const text = JSON.stringify(name);
    return `console.log("begin: " + ${text});\nawait import("./${files[at]}");\nconsole.log("done: " + ${text});\n`;
  });
  return `import fs from "node:fs";\n${steps.join(COPY)}`;
}

Deno.test("every example of the README, docs/library.md and the docstrings runs", () =>
  withFolder(async (folder) => {
    const examples = libraryExamples();
    assert(examples.length > 25, `Only ${examples.length} examples were found`);
    await writeTickets(folder);
    const files = examples.map((_, at) => `example_${at}.ts`);
    for (const [at, { code }] of examples.entries()) await writeFile(join(folder, files[at]!), asProgram(code));
    const { code, stdout, stderr } = await runProgram(folder, inOrder(examples, files), ["--check"]);
    assertEquals(code, 0, `${stdout}\n${stderr}`);
    assertEquals(stdout.match(/^done: .*$/gm), examples.map(({ name }) => `done: ${name}`));
  }));
