import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { Update } from "../../../lib/lockstep/coordinator.ts";
import { createProgress } from "../../../lib/run/log/progress.ts";

const round = (n: number, drift = NaN) => ({
  round: n,
  step: n * 3,
  epoch: 1,
  lossSum: n * 8,
  correct: n,
  samples: 16,
  drift,
});
const counters = (computeMs: number, waitMs: number, averageMs: number, sequences: number) => ({
  computeMs,
  waitMs,
  averageMs,
  sequences,
});
const update = (change: Partial<Update>): Update => ({
  rounds: [],
  epochs: [],
  rollbacks: [],
  counters: [],
  incidents: [],
  ...change,
});

function withClock() {
  const clock = { ms: 5000 };
  return { clock, progress: createProgress(() => clock.ms) };
}

Deno.test("createProgress() reports the rounds since the last event", () => {
  const { clock, progress } = withClock();
  clock.ms += 200;
  const first = progress(
    update({
      rounds: [round(1), round(2, 0.5), round(3)],
      counters: [counters(100, 50, 20, 24), counters(150, 0, 40, 26)],
    }),
    false,
  );
  assertEquals(first, {
    type: "progress",
    round: 3,
    step: 9,
    epoch: 1,
    training: { loss: (8 + 16 + 24) / 48, accuracy: 6 / 48 },
    sequencesPerSecond: 250,
    drift: 0.5,
    workers: [
      { worker: 0, sequencesPerSecond: 120, compute: 0.5, wait: 0.25, average: 0.1 },
      { worker: 1, sequencesPerSecond: 130, compute: 0.75, wait: 0, average: 0.2 },
    ],
  });
  clock.ms += 400;
  const second = progress(
    update({ rounds: [round(4)], counters: [counters(300, 90, 20, 64), counters(150, 400, 40, 26)] }),
    false,
  );
  assertEquals(second, {
    type: "progress",
    round: 4,
    step: 12,
    epoch: 1,
    training: { loss: 2, accuracy: 0.25 },
    sequencesPerSecond: 100,
    drift: null,
    workers: [
      { worker: 0, sequencesPerSecond: 100, compute: 0.5, wait: 0.1, average: 0 },
      { worker: 1, sequencesPerSecond: 0, compute: 0, wait: 1, average: 0 },
    ],
  });
});

Deno.test("createProgress() gives the accuracy of the rows with labels, which are a share of all", () => {
  const ofShare = (labelled: number) => {
    let ms = 0;
    const progress = createProgress(() => ms, labelled);
    ms = 200;
    return progress(update({ rounds: [round(1)], counters: [counters(100, 50, 20, 24)] }), true)!.training.accuracy;
  };
  const all = ofShare(1);
  assert(all > 0);
  assertEquals([ofShare(0.5), ofShare(all / 2)], [2 * all, 1]);
});

Deno.test("createProgress() limits shares to 1 if work began before the interval", () => {
  const { clock, progress } = withClock();
  clock.ms += 100;
  const event = progress(update({ rounds: [round(1)], counters: [counters(150, 30, 20, 16)] }), false);
  assertEquals(event?.workers, [{ worker: 0, sequencesPerSecond: 160, compute: 0.75, wait: 0.15, average: 0.1 }]);
});

Deno.test("createProgress() returns no event before it is due, and loses no round", () => {
  const { clock, progress } = withClock();
  clock.ms += 50;
  assertEquals(progress(update({ rounds: [round(1)], counters: [counters(50, 0, 0, 16)] }), false), undefined);
  clock.ms += 50;
  const event = progress(update({ rounds: [round(2)], counters: [counters(100, 0, 0, 32)] }), false);
  assertEquals([event?.round, event?.training.loss, event?.sequencesPerSecond], [2, 0.75, 320]);
});

Deno.test("createProgress() returns the remaining rounds when flushed, and no event without rounds", () => {
  const { clock, progress } = withClock();
  clock.ms += 10;
  assertEquals(progress(update({ rounds: [round(1)], counters: [counters(5, 0, 0, 16)] }), true)?.round, 1);
  clock.ms += 5000;
  assertEquals(progress(update({ counters: [counters(5, 0, 0, 16)] }), true), undefined);
});

Deno.test("createProgress() reports the newest drift that was measured", () => {
  const { progress } = withClock();
  const event = progress(update({ rounds: [round(1, 0.1), round(2, 0.2), round(3)] }), true);
  assertEquals(event?.drift, 0.2);
});

Deno.test("createProgress() returns ten events a second at first, and one a second later", () => {
  const { clock, progress } = withClock();
  const gapsAfter = (hours: number) => {
    clock.ms = 5000 + hours * 3_600_000;
    progress(update({ rounds: [round(1)] }), true);
    const from = clock.ms;
    do clock.ms += 10; while (!progress(update({ rounds: [round(1)] }), false));
    return clock.ms - from;
  };
  assertAlmostEquals(gapsAfter(0), 90, 10);
  assertAlmostEquals(gapsAfter(0.1), 540, 10); // 360 s / 600, minus a tenth
  assertAlmostEquals(gapsAfter(10), 900, 10);
});
