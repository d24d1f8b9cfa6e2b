/** Tests that losses and weights that are not finite are found before the round commits, and rolled back. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { TrainingConfig } from "../../lib/config/schema.ts";
import { TrainingError } from "../../lib/base/errors.ts";
import type { Coordinator } from "../../lib/lockstep/coordinator.ts";
import { StopReason } from "../../lib/lockstep/memory/control.ts";
import { type State, stateDigest } from "../../lib/lockstep/memory/state.ts";
import { keepThreads } from "./kept_threads.ts";
import { plainModel, plainTraining } from "./plain_rounds.ts";
import { someOf, tinyConfig, train } from "./tiny.ts";

keepThreads(4);

/** Makes weights grow 1000-fold per step, w ← w · (1 - learningRate · 100): after about 6 steps they overflow float32. */
const explosive = { weightDecay: 100, learningRate: 10, onNan: "rollback" } as const;

/** Does the same in its third epoch. */
const growing = { ...explosive, learningRate: 0.3, epochs: 4 } as const;

async function failure(change: Partial<TrainingConfig>): Promise<{ message: string; newest: State }> {
  let coordinator: Coordinator | undefined;
  const created = (own: Coordinator) => void (coordinator = own);
  const { message } = await assertRejects(() => train(tinyConfig(change), 2, { created }), TrainingError);
  // Its memory outlives its workers.
  return { message, newest: coordinator!.state() };
}

const found: [what: string, change: Partial<TrainingConfig>, message: RegExp][] = [
  ["the weights of a shard", { learningRate: 1e39 }, /: The weights of shard 0 are not finite after step 1: /],
  [
    "the averaged weights",
    { learningRate: 1e39, average: "gradients" },
    /: The weights are not finite after step 1: /,
  ],
  ["a loss within a round", { learningRate: 1e39, averageEvery: 3 }, /: The loss of shard 0 is NaN at step 2: /],
  [
    "a loss after a mean of groups",
    { learningRate: 1e39, clusterEvery: 3, groups: 2 },
    /: The loss of shard 0 is NaN at step 2: /,
  ],
];
for (const [what, change, expected] of found) {
  Deno.test(`a round does not commit with ${what} not finite; the error names step and learning rate`, async () => {
    const { message, newest } = await failure({ ...change, epochs: 10 });
    assertMatch(message, expected);
    assertMatch(message, /training diverged with learning rate 1e\+39; try a lower one, .*\(`onNan` rollback\)$/);
    assertEquals(newest.round, 0);
    assert(newest.values.every(Number.isFinite));
  });
}

const recipes: [what: string, change: Partial<TrainingConfig>][] = [
  ["averaged weights", {}],
  ["averaged weights, every 3 of 8 steps", { averageEvery: 3 }],
  ["local moments", { moments: "local" }],
  ["reset moments", { moments: "reset" }],
  ["averaged gradients", { average: "gradients" }],
  ["lazy rows, most of them untouched", { vocabulary: 150 }],
  ["groups, lazy rows", { clusterEvery: 3, groups: 2, vocabulary: 150 }],
  ["averaged gradients, lazy rows", { average: "gradients", vocabulary: 150 }],
];
for (const [what, change] of recipes) {
  Deno.test(`a run that diverges early ends as one with the lower learning rate: ${what}`, async () => {
    const config = tinyConfig({ ...explosive, ...change, epochs: 1, stepsPerEpoch: 8 });
    const told = new Set<string>();
    for (const workers of [1, 2, 4]) {
      const { state, rollbacks, reason } = await train(config, workers);
      assert(rollbacks.length > 1);
      assertEquals([reason, state.history.rollbacks], [StopReason.epochs, rollbacks.length]);
      const gentle = { ...config, learningRate: config.learningRate / 2 ** rollbacks.length };
      const plain = plainTraining(await plainModel(gentle), gentle);
      assertEquals([state.step, state.values], [plain.steps, plain.values]);
      for (const { restored, position } of rollbacks) assertEquals([restored, position], [0, 0]);
      told.add(JSON.stringify(rollbacks));
    }
    assertEquals(told.size, 1);
  });
}

Deno.test("a run that diverges later rolls back to its best epoch, on any number of workers", async () => {
  const config = tinyConfig({ ...growing, averageEvery: 3 });
  const first = await train({ ...config, epochs: 1 }, 1);
  const digests = new Set<string>();
  for (const workers of [1, 2, 4]) {
    const { state, rollbacks, epochs, rounds } = await train(config, workers);
    assert(rollbacks.length > 0);
    for (const { restored, position, round } of rollbacks) {
      assertEquals([restored, position], [2, 2]);
      assertEquals(rounds.filter((record) => record.round === round), [], "a rollback trains nothing");
    }
    assertEquals(epochs.slice(-3).map(({ epoch, step }) => [epoch, step]), [[2, 8], [3, 12], [4, 16]]);
    const gentle = { ...config, learningRate: config.learningRate / 2 ** rollbacks.length };
    const expected = await train(gentle, 2, { initial: { ...first.state, best: first.state } });
    assertEquals(expected.rollbacks, []);
    assertEquals(state.values, expected.state.values);
    assertEquals(state.round, expected.state.round + state.history.undone);
    digests.add(stateDigest(state));
  }
  assertEquals(digests.size, 1);
});

Deno.test("rollbacks give the same after killed workers and after resumes", async () => {
  const config = tinyConfig({ ...growing, averageEvery: 3 });
  const states: State[] = [];
  const watch = (coordinator: { state(): State }) => void states.push(coordinator.state());
  const undisturbed = await train(config, 2, { watch, chaos: { slow: 1 } });
  const disturbed = await train(config, 2, { chaos: { kill: 0.2, slow: 0.5 }, maxRestarts: 100, watch });
  assertEquals([disturbed.state, disturbed.rollbacks], [undisturbed.state, undisturbed.rollbacks]);
  assertEquals(disturbed.epochs.at(-1), undisturbed.epochs.at(-1));
  for (const initial of someOf(states)) {
    assert(initial.values.every(Number.isFinite));
    assertEquals((await train(config, 3, { initial })).state, undisturbed.state);
  }
});

Deno.test("training fails after a few rollbacks, and reports how often they halved the learning rate", async () => {
  const { message } = await failure({ ...explosive, learningRate: 1e39 });
  assertMatch(
    message,
    /: The weights of shard 0 are not finite after step 1: .* rate 3\.125e\+37, which 5 rollbacks have/,
  );
});

Deno.test("a validation loss that is not finite is a divergence too", async () => {
  const { message } = await failure({ learningRate: 3e37, hidden: 64, epochs: 1, stepsPerEpoch: 1 });
  assertMatch(
    message,
    /: The validation loss is (NaN|Infinity) after step 1: training diverged with learning rate 3e\+37; try/,
  );
});
