/** Keys on a terminal, with a real pseudo-terminal and the process on its other side. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { optionalTest, programAbsence } from "../optional.ts";
import { latestOf, ROOT, run, TINY, withFolder } from "./process.ts";

interface Left {
  readonly code: number | null;
  readonly output: string;
  /** Whether the terminal shows what is typed, and waits for Enter: as it was before. */
  readonly echo: boolean;
  readonly canonical: boolean;
}

function python(args: readonly string[]): Promise<Deno.CommandOutput> {
  return new Deno.Command("python3", { args: [...args], cwd: ROOT, stdin: "null", stderr: "piped" }).output();
}

/** Why there is no pseudo-terminal here, undefined if there is one. */
const absence = programAbsence("python3", [
  "-c",
  "import pty, termios, os; os.waitstatus_to_exitcode; pty.openpty()",
]);

/** Types the second of each pair when the first was printed. */
async function onTerminal(
  folder: string,
  script: readonly [string, string][],
  more: readonly string[] = [],
): Promise<Left> {
  const train = [
    "run",
    "-q",
    "--no-prompt",
    "-P=train",
    `--allow-read=.,${folder}`,
    `--allow-write=${folder}`,
    "main.ts",
  ];
  const flags = [
    ...TINY,
    "--epochs",
    "1000000",
    "--target-accuracy",
    "0",
    "--port",
    "0",
    "--runs-dir",
    folder,
    ...more,
  ];
  const command = [Deno.execPath(), ...train, "train", ...flags];
  const { stdout, stderr } = await python(["tests/cli/pseudo_terminal.py", JSON.stringify(script), ...command]);
  const text = new TextDecoder().decode(stdout);
  assert(text !== "", new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

const typed = (name: string, body: (folder: string) => Promise<void>) =>
  optionalTest(absence, { name, fn: () => withFolder(body) });

typed("p pauses and goes on, q stops, and the terminal is left as it was", async (folder) => {
  const left = await onTerminal(folder, [
    ["Epoch 0000002", "p"],
    ["Pausing after this round", "p"],
    ["Going on", "x"],
    ["Epoch", "q"],
  ]);
  assertEquals([left.code, left.echo, left.canonical], [0, true, true], left.output);
  assertEquals(left.output.split("Keys: p pauses and goes on, q stops").length, 2, "the hint is given once");
  assertStringIncludes(left.output, "Ending after this round: asked to stop");
  const types = (await Deno.readTextFile(`${await latestOf(folder)}/events.jsonl`)).match(
    /"type":"(paused|unpaused|stopping)"/g,
  );
  assertEquals(types, ['"type":"paused"', '"type":"unpaused"', '"type":"stopping"']);
});

typed("q ends the serving after training too", async (folder) => {
  const left = await onTerminal(folder, [["Serving on", "q"]], ["--epochs", "2"]);
  assertEquals([left.code, left.echo, left.canonical], [0, true, true], left.output);
});

const ways: [what: string, script: [string, string][], code: number][] = [
  ["SIGTERM", [["Epoch 0000001", "SIGTERM"]], 0],
  ["Ctrl-C", [["Epoch 0000001", "\x03"]], 0],
  ["SIGHUP", [["Epoch 0000001", "SIGHUP"]], 129],
  ["SIGQUIT", [["Epoch 0000001", "SIGQUIT"]], 131],
];
for (const [what, script, code] of ways) {
  typed(`the terminal is left as it was after ${what}`, async (folder) => {
    const left = await onTerminal(folder, script);
    assertEquals([left.code, left.echo, left.canonical], [code, true, true], left.output);
  });
}

typed("the terminal is left as it was after training that failed, and after two interruptions", async (folder) => {
  const failed = await onTerminal(folder, [], ["--chaos", "kill=1", "--max-restarts", "0"]);
  assertEquals([failed.code, failed.echo, failed.canonical], [1, true, true], failed.output);
  const hanging = ["--chaos", "hang=1", "--worker-timeout", "1000"]; // Nothing but a second interruption ends it soon.
  const twice = await onTerminal(folder, [["Keys", "\x03"], ["Ending after", "\x03"]], hanging);
  assertEquals([twice.code, twice.echo, twice.canonical], [130, true, true], twice.output);
});

Deno.test("there are no keys where nobody sits at a terminal", () =>
  withFolder(async (folder) => {
    const flags = [...TINY, "--epochs", "3", "--port", "0", "--exit", "--runs-dir", folder];
    const { code, stdout } = await run("train", folder, flags, "qqqqpp");
    assertEquals([code, stdout.includes("Keys:"), stdout.includes("asked to stop")], [0, false, false]);
  }));
