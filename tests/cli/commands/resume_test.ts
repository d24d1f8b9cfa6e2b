import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Draw, withDraws } from "../../draws.ts";
import { eventsOf, killTwice, stopEarly } from "../faults/killing.ts";
import { ENDLESS, latestOf, run, SLOW, start, TINY, withFolder } from "../process.ts";

const EPOCHS = 30;
const recipe = [
  ...TINY,
  "--hidden",
  "24",
  "--epochs",
  String(EPOCHS),
  "--target-accuracy",
  "0",
  "--held-out",
  "300",
  "--exit",
];
const place = (folder: string) => ["--port", "0", "--runs-dir", folder, "--checkpoint-every", "9"];

async function digestOf(directory: string): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${directory}/summary.json`)).digest;
}

/** Trains runs in `folder` and kills them, each twice in epochs that are drawn, until `kills` came before the end. */
async function killAndResume(folder: string, kills: number, uninterrupted: string, draw: Draw): Promise<void> {
  const before = { killed: 0 };
  for (let runs = 1; before.killed < kills; runs++) {
    assert(runs <= 4 * kills, `only ${before.killed} of ${runs} runs were killed before they ended`);
    const directory = await killTwice(folder, [...recipe, ...place(folder)], EPOCHS, draw, before);
    assertEquals(await digestOf(directory), uninterrupted);
    const events = await eventsOf(directory);
    assertEquals(events.map(({ id }) => id), events.map((_, index) => index + 1));
    const epochs = events.filter((event) => event.type === "epoch").map(({ epoch }) => epoch);
    assertEquals(epochs, Array.from({ length: EPOCHS }, (_, index) => index + 1));
    assertEquals(events.filter(({ type }) => type === "finished").length, 1);
  }
}

Deno.test("resume gives the same digest after 20 random kills, on other numbers of workers", () =>
  withDraws((draw) =>
    withFolder(async (folder) => {
      await run("train", folder, [...recipe, ...place(folder)]);
      const uninterrupted = await digestOf(await latestOf(folder));
      // Side by side, as a process takes as long to start as it lives.
      await Promise.all([0, 1].map(() => withFolder((own) => killAndResume(own, 10, uninterrupted, draw))));
    })
  ));

Deno.test("resume continues a stopped run, and does nothing to a complete one", () =>
  withFolder(async (folder) => {
    await run("train", folder, [...recipe, ...place(folder)]);
    const uninterrupted = await digestOf(await latestOf(folder));
    const [rounds] = await stopEarly(folder, [...recipe, ...place(folder)], 1);
    assert(await digestOf(await latestOf(folder)) !== uninterrupted);
    const { code, stdout } = await run("train", folder, [
      "--resume",
      `${folder}/latest`,
      "--exit",
      "--port",
      "0",
      "--workers",
      "2",
    ]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, `Resumed after round ${rounds} on 2 workers`);
    assertEquals(await digestOf(await latestOf(folder)), uninterrupted);
    const directory = await latestOf(folder);
    const other = await run("resume", folder, [directory, "--seed", "4", "--runs-dir", "elsewhere"]);
    assertEquals([other.code, other.stdout], [2, ""]);
    assertStringIncludes(
      other.stderr,
      `--seed is fixed by the run. For a new run with another value: `,
    );
    assertStringIncludes(other.stderr, `deno task train --config ${directory}/run.json --seed …`);
    assertStringIncludes(other.stderr, "--runs-dir is fixed: a run stays in its folder");
    const before = await Deno.readTextFile(`${directory}/events.jsonl`);
    const again = await run("resume", folder, [`${folder}/latest`, "--port", "0"]);
    assertEquals([again.code, again.stderr], [0, ""]);
    assertStringIncludes(again.stdout, `is complete: all epochs done, digest ${uninterrupted}`);
    assertEquals(await Deno.readTextFile(`${await latestOf(folder)}/events.jsonl`), before);
  }));

Deno.test("resume --epochs takes a complete run further, also after a kill -9; verify repeats it", () =>
  withFolder(async (folder) => {
    const linear = [...recipe, "--schedule", "linear", ...place(folder)];
    await run("train", folder, [...linear, "--extended-after", "5"]);
    const expected = await digestOf(await latestOf(folder));
    await run("train", folder, [...linear, "--epochs", "5"]);
    const directory = await latestOf(folder);
    const fewer = await run("resume", folder, [directory, "--epochs", "4"]);
    assertEquals([fewer.code, fewer.stdout], [2, ""]);
    assertStringIncludes(fewer.stderr, "--epochs is 4: expected more than 5");
    const more = [directory, "--exit", "--port", "0", "--checkpoint-every", "9"];
    const killed = start("resume", folder, [...more, "--epochs", String(EPOCHS), ...SLOW]);
    assert(await killed.killedAt(/^Epoch 0*9 /m));
    const { code, stdout, stderr } = await run("resume", folder, [...more, "--workers", "1"]);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, `, for ${EPOCHS} epochs in all`);
    assertEquals(await digestOf(directory), expected);
    const verified = await run("verify", folder, [directory]);
    assertStringIncludes(verified.stdout, "Verified: all ");
    const again = await run("resume", folder, [directory, "--epochs", String(EPOCHS)]);
    assertStringIncludes(again.stdout, `is complete: all epochs done, digest ${expected}`);
  }));

Deno.test("resume uses the checkpoint before a damaged one and says so", () =>
  withFolder(async (folder) => {
    await run("train", folder, [...recipe, ...place(folder)]);
    const uninterrupted = await digestOf(await latestOf(folder));
    const [rounds] = await stopEarly(folder, [...recipe, ...place(folder)], 2);
    const checkpoints = `${await latestOf(folder)}/checkpoints`;
    const newest = [...Deno.readDirSync(checkpoints)].map(({ name }) => name).sort().at(-1)!;
    const bytes = await Deno.readFile(`${checkpoints}/${newest}`);
    bytes[bytes.length - 5]! ^= 1;
    await Deno.writeFile(`${checkpoints}/${newest}`, bytes);
    const { stdout } = await run("resume", folder, [`${folder}/latest`, "--exit", "--port", "0"]);
    assertStringIncludes(stdout, "Incident: Cannot read checkpoint");
    assertStringIncludes(stdout, `Resumed after round ${rounds} on`);
    assertEquals(await digestOf(await latestOf(folder)), uninterrupted);
  }));

Deno.test("resume refuses a run with a changed config, and one that another process trains", () =>
  withFolder(async (folder) => {
    const process = start("train", folder, [...recipe, ...place(folder), ...ENDLESS]);
    await process.printed(/^Epoch 0*1 /m);
    const busy = await run("resume", folder, [`${folder}/latest`, "--port", "0"]);
    assertEquals(busy.code, 2);
    assertStringIncludes(busy.stderr, "is being trained by another process");
    process.signal("SIGTERM");
    await process.finished;
    const path = `${await latestOf(folder)}/run.json`;
    const manifest = JSON.parse(await Deno.readTextFile(path));
    manifest.config.seed = 99;
    await Deno.writeTextFile(path, JSON.stringify(manifest));
    const { code, stderr } = await run("resume", folder, [`${folder}/latest`, "--port", "0"]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "is not the one that the run began with: its digest differs");
  }));
