/** Tests full, read-only and missing disks: some work continues, some stops, and no saved file is damaged. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventSchema } from "../../../lib/base/events.ts";
import { optionalTest } from "../../optional.ts";
import { ENDLESS, latestOf, run, SLOW, start, TINY, withFolder } from "../process.ts";
import { onSmallDisk, whyNoSmallDisk } from "./small_disk.ts";

const absence = await whyNoSmallDisk();

/** Enough for a shell to act while it trains, on a busy machine too. */
const EPOCHS = 40;
/** A checkpoint takes some 300 KiB: the last one, that which it names as the best, and the next two of these are 1.3 MiB. */
const recipe = [
  ...TINY,
  "--hidden",
  "64",
  "--embedding",
  "32",
  "--epochs",
  String(EPOCHS),
  "--target-accuracy",
  "0",
  "--held-out",
  "300",
];
const often = ["--checkpoint-every", "4", "--keep-checkpoints", "1"];
const flags = (...more: string[][]) => [...recipe, ...often, ...more.flat()].join(" ");

async function digestOf(directory: string): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${directory}/summary.json`)).digest;
}

/** The one run in a folder of runs. */
function runIn(folder: string): string {
  const [id] = [...Deno.readDirSync(folder)].filter(({ name }) => /^\d/.test(name)).map(({ name }) => name);
  return `${folder}/${id}`;
}

/** Returns digest and events of the run in a folder of runs, and asserts that its log is whole. */
async function storyOf(folder: string): Promise<{ digest: string; types: string[] }> {
  const run = runIn(folder);
  const lines = (await Deno.readTextFile(`${run}/events.jsonl`)).trimEnd().split("\n");
  const events = lines.map((line) => eventSchema.parse(JSON.parse(line)));
  assertEquals(events.map((event) => event.id), events.map((_, index) => index + 1));
  const epochs = events.filter(({ type }) => type === "epoch");
  assertEquals(epochs.length, EPOCHS, "each epoch has one event");
  return { digest: await digestOf(run), types: events.map(({ type }) => type) };
}

let undisturbed: Promise<string> | undefined;
function undisturbedDigest(folder: string): Promise<string> {
  return undisturbed ??= (async () => {
    await run("train", folder, [...recipe, "--exit", "--port", "0", "--runs-dir", `${folder}/undisturbed`]);
    return await digestOf(await latestOf(`${folder}/undisturbed`));
  })();
}

const onDisk = (name: string, body: (folder: string) => Promise<void>) =>
  optionalTest(absence, { name, fn: () => withFolder(body) });

onDisk(
  "a disk without room for a checkpoint: training continues, says what to do, and resumes",
  async (folder) => {
    const { output } = await onSmallDisk(
      folder,
      `
    fill 1900; lockstep train ${flags()} --runs-dir "$disk"; echo "left with $?" >> "$out"
    free; lockstep resume "$disk"/2*; echo "left with $?" >> "$out"
    `,
    );
    assertStringIncludes(output, "Incident: Checkpoints cannot be written: there is no space left for ");
    assertStringIncludes(output, `Epoch ${EPOCHS} `);
    assertMatch(
      output,
      /Failed: The run cannot be saved: there is no space left for .*Free some space, then resume it with: deno task/,
    );
    assertEquals(output.match(/left with \d/g), ["left with 1", "left with 0"], output);
    assertEquals((await storyOf(`${folder}/kept`)).digest, await undisturbedDigest(folder));
  },
);

onDisk("a disk that is full for a while: checkpoints and log are made up for, without a gap", async (folder) => {
  const { output } = await onSmallDisk(
    folder,
    `
    (await "Epoch 02 "; fill_until "event log cannot be written"; fill_until "Checkpoints cannot be written"; free) &
    lockstep train ${flags(SLOW)} --runs-dir "$disk"; echo "left with $?" >> "$out"; wait
    `,
  );
  assertStringIncludes(output, "Incident: The event log cannot be written: there is no space left for ");
  assertStringIncludes(output, "Incident: The event log can be written again");
  assertStringIncludes(output, "left with 0");
  const { digest, types } = await storyOf(`${folder}/kept`);
  assertEquals([digest, types.at(-1)], [await undisturbedDigest(folder), "finished"]);
});

onDisk(
  "a disk that stays full: training fails only at its end; saved files are whole",
  async (folder) => {
    const { output } = await onSmallDisk(
      folder,
      `
    (await "Epoch 03 "; fill_until "left with") &
    lockstep train ${flags(SLOW)} --runs-dir "$disk"; echo "left with $?" >> "$out"; wait
    free; lockstep resume "$disk"/2*; echo "left with $?" >> "$out"
    `,
    );
    assertStringIncludes(output, "Failed: The run cannot be saved");
    assertEquals(output.match(/left with \d/g), ["left with 1", "left with 0"], output);
    assertEquals((await storyOf(`${folder}/kept`)).digest, await undisturbedDigest(folder));
  },
);

onDisk("a folder of checkpoints that becomes read-only: training continues and says what to do", async (folder) => {
  const { output } = await onSmallDisk(
    folder,
    `
    mount -o remount,size=4096k "$disk" # Room for the checkpoints that could not be removed.
    lockstep train ${flags(SLOW)} --max-seconds 0.01 --runs-dir "$disk"
    mount --bind "$disk"/2*/checkpoints "$disk"/2*/checkpoints
    mount -o remount,bind,ro "$disk"/2*/checkpoints
    lockstep resume "$disk"/2* ${often.join(" ")}; echo "left with $?" >> "$out"
    umount "$disk"/2*/checkpoints; lockstep resume "$disk"/2*; echo "left with $?" >> "$out"
    `,
  );
  assertMatch(output, /Incident: Checkpoints cannot be written: ".*" cannot be written to\. Make it writable\./);
  assertMatch(
    output,
    /Failed: The run cannot be saved: ".*" cannot be written to\. Make it writable, then resume it with/,
  );
  assertEquals(output.match(/left with \d/g), ["left with 1", "left with 0"], output);
  assertEquals(await digestOf(runIn(`${folder}/kept`)), await undisturbedDigest(folder));
});

onDisk("a read-only disk: train and resume refuse before anything starts", async (folder) => {
  const { output } = await onSmallDisk(
    folder,
    `
    lockstep train ${flags()} --max-seconds 0.01 --runs-dir "$disk" > /dev/null
    mount -o remount,ro "$disk"
    lockstep train ${flags()} --runs-dir "$disk"; echo "left with $?" >> "$out"
    lockstep resume "$disk"/2*; echo "left with $?" >> "$out"
    `,
  );
  assertMatch(output, /error: Cannot write to the runs directory ".*": .*[Rr]ead-only file system/);
  assertMatch(output, /error: Cannot open ".*events\.jsonl": .*[Rr]ead-only file system/);
  assertEquals(output.match(/left with \d/g), ["left with 2", "left with 2"], output);
});

Deno.test("a run whose directory vanishes ends with the next checkpoint, and says so", () =>
  withFolder(async (folder) => {
    const place = ["--port", "0", "--runs-dir", folder];
    const process = start("train", folder, [...recipe, ...ENDLESS, ...often, ...place]);
    await process.printed(/^Epoch 0*2 /m);
    // In one step: files that are written meanwhile keep a folder from being removed.
    const directory = await latestOf(folder);
    await Deno.rename(directory, `${directory}-elsewhere`);
    const { code, stdout } = await process.finished;
    assertEquals(code, 1);
    assertMatch(stdout, /Failed: The run cannot be saved: ".*" is gone\. Train again/);
  }));
