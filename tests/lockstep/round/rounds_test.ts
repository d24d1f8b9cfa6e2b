/** Compares rounds on real threads with one plain thread, bit for bit. */
import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import type { TrainingConfig } from "../../../lib/config/schema.ts";
import { createBatch } from "../../../lib/data/batches/batch.ts";
import { StopReason } from "../../../lib/lockstep/memory/control.ts";
import { stateDigest } from "../../../lib/lockstep/memory/state.ts";
import { initialWeights } from "../../../lib/model/initial.ts";
import { assertClose } from "../../engine/close.ts";
import { plainHeldOut, plainModel, plainTraining } from "../plain_rounds.ts";
import { keepThreads } from "../kept_threads.ts";
import { tinyConfig, train } from "../tiny.ts";

keepThreads(4);

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
  // A round touches only some of the tokens: some also in the next round, some not, some only in a later step.
  // Workers without a shard wait, and help with the three chunks of this one.
  ["1 shard", { shards: 1, batchSize: 150 }],
  ["1 shard, every 2 of 4 steps", { shards: 1, batchSize: 150, vocabulary: 150, averageEvery: 2 }],
  ["lazy rows, every step", { vocabulary: 90 }],
  ["lazy rows, every 3 of 4 steps", { vocabulary: 150, averageEvery: 3, epochs: 3 }],
  ["lazy rows, local moments", { vocabulary: 150, averageEvery: 3, moments: "local", epochs: 3 }],
  ["lazy rows, reset moments", { vocabulary: 150, averageEvery: 3, moments: "reset", epochs: 3 }],
  ["lazy rows, 5 shards, weight decay", { vocabulary: 150, shards: 5, averageEvery: 2, weightDecay: 0.1 }],
  ["lazy rows, averaged gradients", { vocabulary: 150, average: "gradients", clipNorm: 0.05, epochs: 3 }],
  ["lazy rows, averaged gradients, weight decay", { vocabulary: 90, average: "gradients", weightDecay: 1 }],
  ["lazy rows in two widths of cache lines", { vocabulary: 40, embedding: 33, averageEvery: 2 }],
  ["dense rows, every 3 of 4 steps", { vocabulary: 90, embeddingRows: "dense", averageEvery: 3 }],
  ["dense rows, local moments", { vocabulary: 90, embeddingRows: "dense", moments: "local", averageEvery: 3 }],
  ["dense rows, averaged gradients", { vocabulary: 90, embeddingRows: "dense", average: "gradients" }],
  ["a cosine schedule with warm-up", { schedule: "cosine", warmupSteps: 3 }],
  ["a linear schedule, averaged gradients", { schedule: "linear", average: "gradients" }],
  ["dropout", { dropout: 0.3, averageEvery: 3 }],
  ["dropout, averaged gradients", { dropout: 0.3, average: "gradients" }],
  ["2 layers of two directions, the mean", { layers: 2, bidirectional: true, pooling: "mean", epochs: 1 }],
  ["3 layers, the maximum, dropout", { layers: 3, pooling: "max", dropout: 0.2, epochs: 1 }],
  ["3 layers, the maximum, dropout, on tfjs", {
    layers: 3,
    pooling: "max",
    dropout: 0.2,
    epochs: 1,
    engine: "tfjs",
  }],
  ["2 groups, every 2 of 4 parts", { clusterEvery: 2, groups: 2 }],
  ["2 groups, 3 parts of 2 of 11 steps, 5 shards", {
    shards: 5,
    clusterEvery: 3,
    groups: 2,
    averageEvery: 2,
    stepsPerEpoch: 11,
    vocabulary: 150,
  }],
  ["3 groups of 7 shards, dense rows", { shards: 7, clusterEvery: 4, groups: 3, embeddingRows: "dense" }],
  ["2 groups, local moments", { vocabulary: 150, clusterEvery: 3, groups: 2, moments: "local", epochs: 3 }],
  ["2 groups, reset moments", {
    vocabulary: 150,
    clusterEvery: 2,
    groups: 2,
    averageEvery: 2,
    stepsPerEpoch: 7,
    moments: "reset",
  }],
  ["groups of one, reset moments", { vocabulary: 150, clusterEvery: 2, groups: 4, averageEvery: 2, moments: "reset" }],
  ["2 groups, dropout, schedule, weight decay, on tfjs", {
    engine: "tfjs",
    vocabulary: 60,
    clusterEvery: 2,
    groups: 2,
    dropout: 0.2,
    schedule: "linear",
    weightDecay: 0.1,
    epochs: 1,
  }],
  // Has more parameters than one block of the norm.
  [
    "averaged gradients of many parameters",
    { average: "gradients", vocabulary: 2100, clipNorm: 0.05, epochs: 1, embeddingRows: "dense" },
  ],
  ["averaged gradients of many lazy rows", { average: "gradients", vocabulary: 2100, clipNorm: 0.05, epochs: 1 }],
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

const resumed: [what: string, change: Partial<TrainingConfig>][] = [
  ["averaged weights", { averageEvery: 1 }],
  ["averaged weights, every 2 of 3 steps", { averageEvery: 2 }],
  ["local moments", { moments: "local" }],
  ["averaged gradients", { average: "gradients" }],
  ["groups", { clusterEvery: 2, groups: 2 }],
];
for (const [what, change] of resumed) {
  Deno.test(`a run that resumes from a state in new memory ends with the same bits: ${what}`, async () => {
    const config = tinyConfig({ vocabulary: 150, stepsPerEpoch: 3, epochs: 3, ...change });
    const { state: expected } = await train(config, 2);
    // After an odd and after an even number of rounds, as either copy of the state may be current.
    for (const epochs of [1, 2]) {
      const { state: initial } = await train({ ...config, epochs }, 1);
      assertEquals((await train(config, 2, { initial })).state, expected);
    }
  });
}

Deno.test("rows of tokens that never occur keep their initial bits, and their moments 0", async () => {
  const config = tinyConfig({ vocabulary: 400, epochs: 1, averageEvery: 2, shards: 3 });
  const { spec, layout, dataset } = await plainModel(config);
  const seen = createBatch(config.batchSize, config.length);
  const tokens = new Set<number>();
  for (let index = 0; index < 4 * 3; index++) {
    dataset.trainingBatch(seen, Math.floor(index / 3), index % 3);
    seen.tokens.forEach((token) => tokens.add(token));
  }
  const { state } = await train(config, 2);
  const initial = initialWeights(spec, layout, config);
  for (let token = 0; token < spec.vocabulary; token++) {
    const [begin, end] = [token * spec.embedding, (token + 1) * spec.embedding];
    const part = (index: number) => state.values.subarray(index * layout.size + begin, index * layout.size + end);
    if (tokens.has(token)) assertNotEquals(part(0), initial.subarray(begin, end));
    else {
      assertEquals(part(0), initial.subarray(begin, end));
      assertEquals([...part(1), ...part(2)], new Array(2 * spec.embedding).fill(0));
    }
  }
});

Deno.test("seed, data and recipe show in the digest", async () => {
  const digest = async (change: Partial<TrainingConfig>) =>
    await stateDigest((await train(tinyConfig({ epochs: 1, ...change }), 2)).state);
  const first = await digest({});
  const changes: Partial<TrainingConfig>[] = [
    { seed: 2 },
    { averageEvery: 2 },
    { clusterEvery: 2, groups: 2 },
    { clusterEvery: 2, groups: 3 },
    { learningRate: 0.04 },
    { schedule: "linear" },
    { warmupSteps: 2 },
    { vocabulary: 13 },
  ];
  for (const change of changes) {
    assertNotEquals(await digest(change), first, JSON.stringify(change));
  }
});

Deno.test("groups of one shard each take the steps of a round of one phase", async () => {
  for (const moments of ["average", "local"] as const) {
    const recipe = { vocabulary: 60, shards: 3, stepsPerEpoch: 7, moments } as const;
    const inParts = await train(tinyConfig({ ...recipe, averageEvery: 1, clusterEvery: 3, groups: 3 }), 2);
    assertEquals(inParts.state, (await train(tinyConfig({ ...recipe, averageEvery: 3 }), 2)).state);
  }
});

Deno.test("one shard is plain sequential training", async () => {
  const config = tinyConfig({ shards: 1, averageEvery: 3, clipNorm: 0, embeddingRows: "dense" });
  const { engine, spec, layout, dataset } = await plainModel(config);
  const [m, v] = [new Float32Array(layout.size), new Float32Array(layout.size)];
  const replica = { weights: initialWeights(spec, layout, config), m, v };
  const gradient = new Float32Array(layout.size);
  const batch = createBatch(config.batchSize, config.length);
  for (let step = 0; step < 8; step++) {
    dataset.trainingBatch(batch, step, 0);
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
  // Epsilon is far above rounding: Adam divides by the gradient's size, which magnifies the rounding of small gradients.
  const recipe = { average: "gradients", adamEpsilon: 1e-3, clipNorm: 0.5 } as const;
  const many = await train(tinyConfig({ ...recipe, shards: 4, batchSize: 6 }), 2);
  const one = await train(tinyConfig({ ...recipe, shards: 1, batchSize: 24 }), 1);
  assertClose(many.state.values, one.state.values, 1e-5);
  for (const [i, { lossSum, samples }] of many.rounds.entries()) {
    assertAlmostEquals(lossSum, one.rounds[i]!.lossSum, 1e-4);
    assertEquals(samples, one.rounds[i]!.samples);
  }
});

Deno.test("validation metrics are those of the averaged weights, to 1e-6", async () => {
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

Deno.test("training metrics of an epoch are means over its own batches", async () => {
  const config = tinyConfig({ averageEvery: 3 });
  const { losses } = plainTraining(await plainModel(config), config);
  const { epochs } = await train(config, 2);
  for (const [epoch, { training }] of epochs.entries()) {
    const sum = losses.slice(4 * epoch, 4 * epoch + 4).reduce((total, loss) => total + loss, 0);
    assertAlmostEquals(training.loss, sum / (4 * 4 * 6), 1e-9);
    assert(training.accuracy > 0 && training.accuracy < 1);
  }
});
