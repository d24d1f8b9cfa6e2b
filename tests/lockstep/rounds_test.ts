/** What rounds come to, through real threads, against one plain thread. */
import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import type { TrainingConfig } from "../../lib/config/schema.ts";
import { createBatch } from "../../lib/data/batch.ts";
import { StopReason } from "../../lib/lockstep/control.ts";
import { stateDigest } from "../../lib/lockstep/state.ts";
import { initialWeights } from "../../lib/model/initial.ts";
import { assertClose } from "../engine/close.ts";
import { plainHeldOut, plainModel, plainTraining } from "./plain_rounds.ts";
import { tinyConfig, train } from "./tiny.ts";

const recipes: [what: string, change: Partial<TrainingConfig>][] = [
  ["averaged moments, every step", { averageEvery: 1 }],
  ["averaged moments, every 3 of 4 steps", { averageEvery: 3 }],
  ["local moments, every step", { moments: "local" }],
  ["local moments, every 3 of 4 steps", { moments: "local", averageEvery: 3 }],
  ["reset moments, every step", { moments: "reset" }],
  ["reset moments, every 3 of 4 steps", { moments: "reset", averageEvery: 3 }],
  ["5 shards, every 3 of 4 steps", { shards: 5, averageEvery: 3 }],
  ["averaged gradients", { average: "gradients" }],
  ["averaged moments, every 3 of 4 steps, on tfjs", { engine: "tfjs", averageEvery: 3 }],
  ["averaged gradients, on tfjs", { engine: "tfjs", average: "gradients", epochs: 1 }],
  // More parameters than one block of the norm has.
  ["averaged gradients of many parameters", { average: "gradients", vocabulary: 2100, clipNorm: 0.05, epochs: 1 }],
];
for (const [what, change] of recipes) {
  Deno.test(`1, 2 and 4 workers end with the bits of one plain thread: ${what}`, async () => {
    const config = tinyConfig(change);
    const expected = plainTraining(await plainModel(config), config);
    const digests = new Set<string>();
    for (const workers of [1, 2, 4]) {
      const { state, reason, rounds, sequences } = await train(config, workers);
      assertEquals(reason, StopReason.epochs);
      assertEquals(state.step, expected.steps);
      assertEquals(state.values, expected.values, `${workers} workers`);
      digests.add(await stateDigest(state));
      const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
      assertAlmostEquals(total(rounds.map(({ lossSum }) => lossSum)), total(expected.losses), 1e-9);
      assertEquals(total(rounds.map(({ samples }) => samples)), expected.steps * config.shards * config.batchSize);
      assertEquals(total(sequences), expected.steps * config.shards * config.batchSize);
    }
    assertEquals(digests.size, 1);
  });
}

Deno.test("3 workers with random delays end with the bits of one plain thread", async () => {
  const config = tinyConfig({ shards: 5, averageEvery: 3 });
  const expected = plainTraining(await plainModel(config), config);
  assertEquals((await train(config, 3, { fault: "delays" })).state.values, expected.values);
  const gradients = tinyConfig({ average: "gradients", epochs: 1 });
  const mean = plainTraining(await plainModel(gradients), gradients);
  assertEquals((await train(gradients, 3, { fault: "delays" })).state.values, mean.values);
});

Deno.test("seed, data and recipe show in the digest", async () => {
  const digest = async (change: Partial<TrainingConfig>) =>
    await stateDigest((await train(tinyConfig({ epochs: 1, ...change }), 2)).state);
  const first = await digest({});
  for (const change of [{ seed: 2 }, { averageEvery: 2 }, { learningRate: 0.04 }]) {
    assertNotEquals(await digest(change), first, JSON.stringify(change));
  }
});

Deno.test("one shard is plain sequential training", async () => {
  const config = tinyConfig({ shards: 1, averageEvery: 3, clipNorm: 0 });
  const { engine, spec, layout, dataset } = await plainModel(config);
  const [m, v] = [new Float32Array(layout.size), new Float32Array(layout.size)];
  const replica = { weights: initialWeights(spec, layout, config), m, v };
  const gradient = new Float32Array(layout.size);
  const batch = createBatch(config.batchSize, config.length);
  for (let step = 0; step < 8; step++) {
    dataset.fill(batch, "training", step * config.batchSize);
    engine.gradients(replica.weights, batch, gradient, 0);
    engine.update(replica, gradient, replica, {
      step: step + 1,
      learningRate: config.learningRate,
      scale: 1,
      begin: 0,
      end: layout.size,
    });
  }
  const { state } = await train(config, 1);
  assertEquals(state.values.subarray(0, layout.size), replica.weights);
  assertEquals(state.values.subarray(layout.size, 2 * layout.size), replica.m);
});

Deno.test("averaged gradients of 4 shards of 6 equal one shard of 24 to 1e-5", async () => {
  // An epsilon far above rounding: Adam divides by the gradient's size, which magnifies the rounding of small ones.
  const recipe = { average: "gradients", adamEpsilon: 1e-3, clipNorm: 0.5 } as const;
  const many = await train(tinyConfig({ ...recipe, shards: 4, batchSize: 6 }), 2);
  const one = await train(tinyConfig({ ...recipe, shards: 1, batchSize: 24 }), 1);
  assertClose(many.state.values, one.state.values, 1e-5);
  for (const [i, { lossSum, samples }] of many.rounds.entries()) {
    assertAlmostEquals(lossSum, one.rounds[i]!.lossSum, 1e-4);
    assertEquals(samples, one.rounds[i]!.samples);
  }
});

Deno.test("held-out figures are those of the averaged weights, to 1e-6", async () => {
  const config = tinyConfig({ averageEvery: 3 });
  const model = await plainModel(config);
  const { state, epochs } = await train(config, 2);
  assertEquals(epochs.map(({ epoch, round }) => [epoch, round]), [[1, 2], [2, 4]]);
  const expected = plainHeldOut(model, state.values.subarray(0, model.layout.size));
  assertAlmostEquals(epochs[1]!.heldOut.loss, expected.loss, 1e-6);
  assertAlmostEquals(epochs[1]!.heldOut.accuracy, expected.accuracy, 1e-12);
  const first = plainTraining(model, { ...config, epochs: 1 }).values.subarray(0, model.layout.size);
  assertAlmostEquals(epochs[0]!.heldOut.loss, plainHeldOut(model, first).loss, 1e-6);
});

Deno.test("training figures of an epoch are means over its own batches", async () => {
  const config = tinyConfig({ averageEvery: 3 });
  const { losses } = plainTraining(await plainModel(config), config);
  const { epochs } = await train(config, 2);
  for (const [epoch, { training }] of epochs.entries()) {
    const sum = losses.slice(4 * epoch, 4 * epoch + 4).reduce((total, loss) => total + loss, 0);
    assertAlmostEquals(training.loss, sum / (4 * 4 * 6), 1e-9);
    assert(training.accuracy > 0 && training.accuracy < 1);
  }
});
