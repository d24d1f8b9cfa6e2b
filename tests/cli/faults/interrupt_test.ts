/** Ctrl-C, which arrives more than once, and other ways to end: no run is lost, whenever it comes. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { optionalTest, programAbsence } from "../../optional.ts";
import { eventsOf } from "./killing.ts";
import { ENDLESS, latestOf, run, start, TINY, withFolder } from "../process.ts";
import { runOnTerminal, terminalAbsence } from "../terminal/pseudo_terminal.ts";

/** Presses per way to start it: only by chance did presses count twice. */
const PRESSES = 5;

/** `task train` with a place for runs that a test may use, beside the project's own. */
async function taskIn(folder: string): Promise<string[]> {
  const train = `deno run -q --no-prompt -P=train --allow-read=.,${folder} --allow-write=${folder} main.ts train`;
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ tasks: { train } }));
  return ["task", "-q", "--config", `${folder}/deno.json`, "--cwd", ".", "train"];
}

const npx = ["npx", "-y", "deno@2.9.6"];
const starters: [name: string, command: string[], absence: string | undefined][] = [
  ["deno task", [Deno.execPath()], terminalAbsence],
  ["npx deno task", npx, terminalAbsence ?? programAbsence("npx", [...npx.slice(1), "--version"])],
];
for (const [name, command, absence] of starters) {
  optionalTest(absence, {
    name:
      `one press of Ctrl-C under ${name} saves the run, and says how to continue, ${PRESSES} times out of ${PRESSES}`,
    fn: () =>
      withFolder(async (folder) => {
        const task = await taskIn(folder);
        for (let press = 0; press < PRESSES; press++) {
          const flags = [...TINY, ...ENDLESS, "--port", "0", "--runs-dir", folder];
          const { output } = await runOnTerminal([...command, ...task, ...flags], [["Epoch 0000002", "\x03"]]);
          const directory = await latestOf(folder);
          const text = await Deno.readTextFile(`${directory}/summary.json`).catch(() => "{}");
          assertEquals(JSON.parse(text).reason, "asked to stop", output);
          assertStringIncludes(output, `Resume:     deno task resume ${directory}`);
          await Deno.remove(directory, { recursive: true });
        }
      }),
  });
}

/** Sends the signals of one press of Ctrl-C to a process under a task runner. */
function press(process: { signal(name: Deno.Signal): void }): void {
  for (const name of ["SIGINT", "SIGINT", "SIGTERM"] as const) process.signal(name);
}

const finite = [...TINY, "--epochs", "1", "--target-accuracy", "0", "--port", "0"];
const stages: [stage: string, flags: string[], printed: RegExp, reason: string][] = [
  ["in round 0", [...finite, "--chaos", "slow=1"], /^Dashboard/m, "asked to stop"],
  ["in the last epoch", [...finite, "--steps-per-epoch", "100000"], /^Run /m, "asked to stop"],
  ["while serving", finite, /^Serving on/m, "all epochs done"],
];
for (const [stage, flags, printed, reason] of stages) {
  Deno.test(`Ctrl-C ${stage} ends with 0 and a whole run`, () =>
    withFolder(async (folder) => {
      const process = start("train", folder, [...flags, "--runs-dir", folder]);
      await process.printed(printed);
      press(process);
      const { code, stdout, stderr } = await process.finished;
      assertEquals([code, stderr], [0, ""], stdout);
      const summary = JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/summary.json`));
      assertEquals(summary.reason, reason);
      assertEquals(stdout.includes("Resume:     deno task resume"), reason === "asked to stop");
      const asked = await run("predict", folder, [`${folder}/latest`, "1", "2", "3", "4", "5", "6", "7", "8"]);
      assertEquals(asked.code, 0, asked.stderr);
    }));
}

/** Rows whose finished model takes a while to be evaluated: most of them validate. */
function rowsToSave(): string {
  const row = (at: number) => `word${at % 50} and word${at % 7} of ${at},${at % 2 === 0 ? "ham" : "spam"}\n`;
  return `text,label\n${Array.from({ length: 4000 }, (_, at) => row(at)).join("")}`;
}

Deno.test("a run that ends between its last checkpoint and its model is whole, or resumes to the same", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/rows.csv`, rowsToSave());
    const own = ["--data", `${folder}/rows.csv`, "--validation", "0.9", ...TINY.slice(0, 4), "--epochs", "1"];
    const flags = [...own, "--log", "json", "--exit", "--port", "0", "--runs-dir", folder];
    const ends = async (directory: string) => {
      const events = await eventsOf(directory);
      const at = (type: string) => events.findLastIndex((event) => event.type === type);
      return { checkpoint: at("checkpoint"), stopping: at("stopping"), finished: at("finished") };
    };
    const digestOf = async (directory: string) =>
      JSON.parse(await Deno.readTextFile(`${directory}/summary.json`)).digest;
    const usable = async (directory: string) => {
      const asked = await run("predict", folder, [directory, "word1 and word2"]);
      assertEquals(asked.code, 0, asked.stderr);
    };
    assertEquals((await run("train", folder, flags)).code, 0);
    const digest = await digestOf(await latestOf(folder));

    // Which moment a signal finds is chance: until it has found this one.
    for (let attempt = 0;; attempt++) {
      assert(attempt < 20, "no signal came between checkpoint and model");
      const process = start("train", folder, flags);
      await process.printed(/"type":"checkpoint"/);
      press(process);
      const { code, stderr } = await process.finished;
      assertEquals([code, stderr.replaceAll(/^(Dashboard|Run|Resume):.*\n/gm, "")], [0, ""]);
      const directory = await latestOf(folder);
      await usable(directory);
      assertEquals(await digestOf(directory), digest);
      const { checkpoint, stopping, finished } = await ends(directory);
      assert(finished > checkpoint);
      if (stopping > checkpoint) break;
    }
    for (let attempt = 0;; attempt++) {
      assert(attempt < 20, "no run was killed between checkpoint and model");
      const process = start("train", folder, flags);
      await process.killedAt(/"type":"checkpoint"/);
      const directory = await latestOf(folder);
      if ((await ends(directory)).finished >= 0) continue;
      const asked = await run("predict", folder, [directory, "word1 and word2"]);
      assertEquals(asked.code, 2);
      assertStringIncludes(asked.stderr, `was interrupted. Resume it with: deno task resume ${directory}`);
      const resumed = await run("resume", folder, [directory, "--exit", "--port", "0"]);
      assertEquals(resumed.code, 0, resumed.stderr);
      await usable(directory);
      assertEquals(await digestOf(directory), digest);
      break;
    }
  }));

Deno.test("repeated signals do not kill it while it ends, 5 times out of 5", () =>
  withFolder(async (folder) => {
    for (let time = 0; time < 5; time++) {
      const process = start("train", folder, [...finite, "--runs-dir", folder]);
      await process.printed(/^Serving on/m);
      let ended = false;
      void process.finished.then(() => ended = true);
      while (!ended) {
        void process.signalled("SIGINT");
        await new Promise((resolve) => setTimeout(resolve));
      }
      // It exits by itself: with 130 where the end took half a second, as on a busy machine, as for a second press.
      const { code, killedBy, stdout, stderr } = await process.finished;
      assert(killedBy === null && [0, 130].includes(code), `${killedBy} ${code}: ${stdout}${stderr}`);
    }
  }));

optionalTest(programAbsence("mkfifo", ["--version"]), {
  name: "Ctrl-C while data are read ends with 0, at once, and leaves no run",
  fn: () =>
    withFolder(async (folder) => {
      const pipe = `${folder}/rows.csv`;
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      const process = start("train", folder, ["--data", pipe, "--port", "0", "--runs-dir", `${folder}/runs`]);
      // Opens when the other side reads, and never gives it a row.
      const rows = await Deno.open(pipe, { write: true });
      press(process);
      const { code, stdout, stderr } = await process.finished;
      rows.close();
      assertEquals([code, stdout, stderr], [
        0,
        "Interrupted before training began: nothing to save\n",
        "",
      ]);
      const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assert(!left.includes("runs"), String(left));
    }),
});
