/** Keys on a terminal, with a real pseudo-terminal and the process on its other side. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { optionalTest } from "../../optional.ts";
import { ENDLESS, latestOf, run, TINY, withFolder } from "../process.ts";
import { type Left, runOnTerminal, type Script, terminalAbsence } from "./pseudo_terminal.ts";

/** `deno run` with what training in `folder` may do. */
const training = (folder: string) => [
  Deno.execPath(),
  "run",
  "-q",
  "--no-prompt",
  "-P=train",
  `--allow-read=.,${folder}`,
  `--allow-write=${folder}`,
  "main.ts",
  "train",
];

/** Trains in `folder`, and types the second of each pair when the first was printed. */
function onTerminal(folder: string, script: Script, more: readonly string[] = []): Promise<Left> {
  const flags = [...TINY, ...ENDLESS, "--port", "0", "--runs-dir", folder, ...more];
  return runOnTerminal([...training(folder), ...flags], script);
}

const typed = (name: string, body: (folder: string) => Promise<void>) =>
  optionalTest(terminalAbsence, { name, fn: () => withFolder(body) });

typed("p pauses or resumes, q stops, and the terminal is restored", async (folder) => {
  const left = await onTerminal(folder, [
    ["Epoch 0000002", "p"],
    ["Pausing after this round", "p"],
    ["Resumed", "x"],
    ["Epoch", "q"],
  ]);
  assertEquals([left.code, left.echo, left.canonical], [0, true, true], left.output);
  assertEquals(left.output.split("Keys: p pauses or resumes, q stops").length, 2, "the hint is given once");
  assertStringIncludes(left.output, "Ending after this round: asked to stop");
  const types = (await Deno.readTextFile(`${await latestOf(folder)}/events.jsonl`)).match(
    /"type":"(paused|unpaused|stopping)"/g,
  );
  assertEquals(types, ['"type":"paused"', '"type":"unpaused"', '"type":"stopping"']);
});

typed("q ends the service after training", async (folder) => {
  const left = await onTerminal(folder, [["Serving on", "q"]], ["--epochs", "2"]);
  assertEquals([left.code, left.echo, left.canonical], [0, true, true], left.output);
});

const ways: [what: string, script: Script, code: number][] = [
  ["SIGTERM", [["Epoch 0000001", "SIGTERM"]], 0],
  ["Ctrl-C", [["Epoch 0000001", "\x03"]], 0],
  ["SIGHUP", [["Epoch 0000001", "SIGHUP"]], 0],
  ["SIGQUIT", [["Epoch 0000001", "SIGQUIT"]], 131],
];
for (const [what, script, code] of ways) {
  typed(`the terminal is restored after ${what}`, async (folder) => {
    const left = await onTerminal(folder, script);
    assertEquals([left.code, left.echo, left.canonical], [code, true, true], left.output);
  });
}

typed("the terminal is restored after training that failed, and after two interruptions", async (folder) => {
  const failed = await onTerminal(folder, [], ["--chaos", "kill=1", "--max-restarts", "0"]);
  assertEquals([failed.code, failed.echo, failed.canonical], [1, true, true], failed.output);
  const hanging = ["--chaos", "hang=1", "--worker-timeout", "1000"]; // Only a second interruption ends it soon.
  const twice = await onTerminal(folder, [["Keys", "\x03"], ["Ending after", "again:\x03"]], hanging);
  assertEquals([twice.code, twice.echo, twice.canonical], [130, true, true], twice.output);
});

Deno.test("keys are not read without a terminal", () =>
  withFolder(async (folder) => {
    const flags = [...TINY, "--epochs", "3", "--port", "0", "--exit", "--runs-dir", folder];
    const { code, stdout } = await run("train", folder, flags, "qqqqpp");
    assertEquals([code, stdout.includes("Keys:"), stdout.includes("asked to stop")], [0, false, false]);
  }));
