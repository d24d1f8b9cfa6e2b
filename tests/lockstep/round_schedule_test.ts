import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { phasesOf, roundAt, roundsPerEpoch, stepsAfter, totalRounds } from "../../lib/lockstep/round_schedule.ts";

const schedules = fc.record({
  epochs: fc.integer({ min: 1, max: 6 }),
  stepsPerEpoch: fc.integer({ min: 1, max: 20 }),
  averageEvery: fc.integer({ min: 1, max: 25 }),
  clusterEvery: fc.integer({ min: 1, max: 4 }),
});

Deno.test("roundAt() makes the last round of an epoch shorter if fewer steps remain", () => {
  const options = { epochs: 2, stepsPerEpoch: 5, averageEvery: 3, clusterEvery: 1 };
  assertEquals([0, 1, 2, 3].map((committed) => roundAt(options, committed)), [
    { epoch: 0, firstStep: 0, steps: 3 },
    { epoch: 0, firstStep: 3, steps: 2 },
    { epoch: 1, firstStep: 5, steps: 3 },
    { epoch: 1, firstStep: 8, steps: 2 },
  ]);
  assertEquals([roundsPerEpoch(options), totalRounds(options), stepsAfter(options, 4)], [2, 4, 10]);
});

Deno.test("roundAt() covers every step of every epoch once, in order, and straddles no epochs", () => {
  fc.assert(fc.property(schedules, (options) => {
    const rounds = Array.from({ length: totalRounds(options) }, (_, committed) => roundAt(options, committed));
    const steps = rounds.flatMap(({ epoch, firstStep, steps }) =>
      Array.from({ length: steps }, (_, local) => ({ epoch, step: firstStep + local }))
    );
    const expected = Array.from({ length: options.epochs * options.stepsPerEpoch }, (_, step) => ({
      epoch: Math.floor(step / options.stepsPerEpoch),
      step,
    }));
    assertEquals(steps, expected);
    for (const { steps } of rounds) {
      assert(steps >= 1 && steps <= options.averageEvery * options.clusterEvery);
    }
  }));
});

Deno.test("phasesOf() cuts a round at its averagings, and the last one of an epoch at its end", () => {
  const options = { epochs: 1, stepsPerEpoch: 11, averageEvery: 2, clusterEvery: 3 };
  assertEquals([0, 1].map((committed) => phasesOf(options, roundAt(options, committed))), [
    [
      { firstStep: 0, steps: 2, isFirst: true, isLast: false },
      { firstStep: 2, steps: 2, isFirst: false, isLast: false },
      { firstStep: 4, steps: 2, isFirst: false, isLast: true },
    ],
    [
      { firstStep: 6, steps: 2, isFirst: true, isLast: false },
      { firstStep: 8, steps: 2, isFirst: false, isLast: false },
      { firstStep: 10, steps: 1, isFirst: false, isLast: true },
    ],
  ]);
});

Deno.test("phasesOf() covers every step of a round once, in order, in at most clusterEvery phases", () => {
  fc.assert(fc.property(schedules, (options) => {
    for (let committed = 0; committed < totalRounds(options); committed++) {
      const round = roundAt(options, committed);
      const parts = phasesOf(options, round);
      let step = round.firstStep;
      for (const [i, { firstStep, steps, isFirst, isLast }] of parts.entries()) {
        assertEquals([firstStep, isFirst, isLast], [step, i === 0, i === parts.length - 1]);
        assert(isLast ? steps >= 1 && steps <= options.averageEvery : steps === options.averageEvery);
        step += steps;
      }
      assertEquals(step, round.firstStep + round.steps);
      assert(parts.length <= options.clusterEvery);
    }
  }));
});

Deno.test("stepsAfter() is the sum of the steps of the rounds before", () => {
  fc.assert(fc.property(schedules, (options) => {
    let sum = 0;
    for (let committed = 0; committed <= totalRounds(options); committed++) {
      assertEquals(stepsAfter(options, committed), sum);
      sum += roundAt(options, committed).steps;
    }
  }));
});
