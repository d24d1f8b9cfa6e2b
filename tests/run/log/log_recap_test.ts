import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { NewEvent } from "../../../lib/base/events.ts";
import { type LogRecap, readRecap } from "../../../lib/run/log/log_recap.ts";
import { inTemporaryDirectory } from "../temporary.ts";

const metrics = { loss: 0.5, accuracy: 0.75 };
const started: NewEvent = {
  type: "started",
  run: "r",
  config: {},
  parameters: 1,
  labels: ["a", "b"],
  workers: 1,
  shards: 1,
  engine: "simd",
  digest: "00",
};
const progress = (round: number): NewEvent => ({
  type: "progress",
  round,
  step: round,
  epoch: 1,
  training: metrics,
  sequencesPerSecond: 100,
  drift: null,
  workers: [],
});
const resumed: NewEvent = { type: "resumed", round: 0, step: 0, workers: 1, digest: "00" };
const epoch = (round: number, seconds: number): NewEvent => ({
  type: "epoch",
  epoch: 1,
  round,
  step: round,
  digest: "ee",
  training: metrics,
  heldOut: metrics,
  seconds,
});

/** Reads the recap of a log whose events happened at these seconds of the day. */
async function recapOf(events: readonly (readonly [NewEvent, number])[]): Promise<LogRecap> {
  let found: LogRecap | undefined;
  await inTemporaryDirectory(async (folder) => {
    const lines = events.map(([event, seconds], index) =>
      JSON.stringify({ id: index + 1, at: new Date(Date.UTC(2026, 0, 1, 0, 0, 0, 1000 * seconds)), ...event })
    );
    await Deno.writeTextFile(`${folder}/events.jsonl`, `${lines.join("\n")}\n`);
    found = await readRecap(`${folder}/events.jsonl`, "r");
  });
  assert(found);
  return found;
}

Deno.test("readRecap() counts the seconds of all processes, also of those killed within an epoch", async () => {
  const killedTwice = await recapOf([
    [started, 10],
    [progress(5), 12],
    [progress(9), 14.5],
    [resumed, 3600],
    [progress(14), 3603],
  ]);
  assertAlmostEquals(killedTwice.seconds, 7.5, 1e-9);
  assertEquals([killedTwice.round, killedTwice.epochRound, killedTwice.heldOut], [14, 0, null]);
});

Deno.test("readRecap() takes the seconds of the newest epoch, and adds the time after it", async () => {
  const later = await recapOf([
    [started, 10],
    [progress(5), 12],
    [epoch(6, 2.25), 12.5],
    [progress(9), 14],
    [resumed, 100],
    [progress(9), 101],
  ]);
  assertAlmostEquals(later.seconds, 2.25 + 1.5 + 1, 1e-9);
  assertEquals([later.epochRound, later.heldOut], [6, metrics]);
  const setBack = await recapOf([[started, 10], [progress(5), 12], [progress(6), 3], [progress(7), 4]]);
  assertAlmostEquals(setBack.seconds, 2, 1e-9, "a clock that is set back subtracts nothing");
});
