import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { NewEvent } from "../../../lib/base/events.ts";
import { type Earlier, readEarlier } from "../../../lib/run/log/log_recap.ts";
import { inTemporaryDirectory } from "../temporary.ts";

const figures = { loss: 0.5, accuracy: 0.75 };
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
  training: figures,
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
  training: figures,
  heldOut: figures,
  seconds,
});

/** What is read of a log whose events came at these seconds of the day. */
async function earlier(events: readonly (readonly [NewEvent, number])[]): Promise<Earlier> {
  let found: Earlier | undefined;
  await inTemporaryDirectory(async (folder) => {
    const lines = events.map(([event, seconds], index) =>
      JSON.stringify({ id: index + 1, at: new Date(Date.UTC(2026, 0, 1, 0, 0, 0, 1000 * seconds)), ...event })
    );
    await Deno.writeTextFile(`${folder}/events.jsonl`, `${lines.join("\n")}\n`);
    found = await readEarlier(`${folder}/events.jsonl`, "r");
  });
  assert(found);
  return found;
}

Deno.test("readEarlier() counts the seconds of all processes, also of those that were killed before an epoch ended", async () => {
  const killedTwice = await earlier([
    [started, 10],
    [progress(5), 12],
    [progress(9), 14.5],
    [resumed, 3600],
    [progress(14), 3603],
  ]);
  assertAlmostEquals(killedTwice.seconds, 7.5, 1e-9);
  assertEquals([killedTwice.round, killedTwice.epochRound, killedTwice.heldOut], [14, 0, null]);
});

Deno.test("readEarlier() takes the seconds that an epoch tells, and adds what came after it", async () => {
  const later = await earlier([
    [started, 10],
    [progress(5), 12],
    [epoch(6, 2.25), 12.5],
    [progress(9), 14],
    [resumed, 100],
    [progress(9), 101],
  ]);
  assertAlmostEquals(later.seconds, 2.25 + 1.5 + 1, 1e-9);
  assertEquals([later.epochRound, later.heldOut], [6, figures]);
  const setBack = await earlier([[started, 10], [progress(5), 12], [progress(6), 3], [progress(7), 4]]);
  assertAlmostEquals(setBack.seconds, 2, 1e-9, "a clock that was set back takes nothing away");
});
