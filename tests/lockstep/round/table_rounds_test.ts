/** Tests rounds over a table: rows differ in length, and in the last step some shards have fewer rows or none. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { TrainingConfig } from "../../../lib/config/schema.ts";
import { tableConfig } from "../../../lib/data/batches/table_config.ts";
import { shardWeights } from "../../../lib/lockstep/shard_weights.ts";
import { stateDigest } from "../../../lib/lockstep/memory/state.ts";
import { lettersData, randomData } from "../../data/tables.ts";
import { assertClose } from "../../engine/close.ts";
import { plainHeldOut, plainModel, plainTraining } from "../plain_rounds.ts";
import { tinyConfig, train } from "../tiny.ts";
import { keepThreads } from "../kept_threads.ts";

keepThreads(4);

/** Has three steps for 4 shards of 6 rows: two full ones, then one of 6, 2, 0 and 0 rows. */
const ROWS = 2 * 24 + 8;
const data = randomData({ rows: ROWS, vocabulary: 60 });
const configOf = (change: Partial<TrainingConfig>) => tableConfig(tinyConfig({ epochs: 3, ...change }), data);

const means: [what: string, change: Partial<TrainingConfig>][] = [
  ["averaged moments", { moments: "average" }],
  ["averaged moments, every 2 of 3 steps", { moments: "average", averageEvery: 2 }],
  ["averaged moments, every 3 steps", { moments: "average", averageEvery: 3 }],
  ["local moments", { moments: "local" }],
  ["local moments, every 2 of 3 steps", { moments: "local", averageEvery: 2 }],
  ["local moments, every 3 steps", { moments: "local", averageEvery: 3 }],
  ["reset moments", { moments: "reset" }],
  ["reset moments, every 2 of 3 steps", { moments: "reset", averageEvery: 2 }],
  ["reset moments, every 3 steps", { moments: "reset", averageEvery: 3 }],
  ["averaged gradients", { average: "gradients", clipNorm: 0.1 }],
];
const others: [what: string, change: Partial<TrainingConfig>][] = [
  ["5 shards of 7, dropout, the maximum of two directions, a schedule", {
    shards: 5,
    batchSize: 7,
    dropout: 0.3,
    bidirectional: true,
    pooling: "max",
    schedule: "linear",
    warmupSteps: 2,
  }],
  ["class weights", { classWeights: "balanced", averageEvery: 2 }],
  ["class weights, averaged gradients", { classWeights: "balanced", average: "gradients" }],
  ["fewer rows than shards", { shards: 64, batchSize: 1, averageEvery: 2 }],
  ["averaged gradients of fewer rows than shards", { shards: 64, batchSize: 1, average: "gradients" }],
  ["groups, class weights", { classWeights: "balanced", clusterEvery: 3, groups: 2 }],
  ["groups, parts, a last step of fewer rows", { clusterEvery: 3, groups: 2, moments: "local" }],
  ["2 layers, on tfjs", { engine: "tfjs", layers: 2, epochs: 1, averageEvery: 2 }],
];
const recipes = [
  ...(["lazy", "dense"] as const).flatMap((embeddingRows) =>
    means.map(([what, change]): [string, Partial<TrainingConfig>] => [
      `${what}, ${embeddingRows} rows`,
      { embeddingRows, ...change },
    ])
  ),
  ...others,
];
for (const [what, change] of recipes) {
  Deno.test(`1, 2, 3 and 4 workers end with the bits of one plain thread, over a table: ${what}`, async () => {
    const config = configOf(change);
    const expected = plainTraining(await plainModel(config, data), config);
    for (const workers of [1, 2, 3, 4]) {
      const { state, rounds, sequences } = await train(config, workers, { data });
      assertEquals([state.step, state.values], [expected.steps, expected.values], `${workers} workers`);
      const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
      assertAlmostEquals(total(rounds.map(({ lossSum }) => lossSum)), total(expected.losses), 1e-9);
      assertEquals(total(rounds.map(({ samples }) => samples)), config.epochs * ROWS);
      assertEquals(total(sequences), config.epochs * ROWS);
    }
  });
}

const words = lettersData({ rows: ROWS, vocabulary: 30 });
const wordRecipes: [what: string, change: Partial<TrainingConfig>][] = [
  ["averaged gradients, dropout, the maximum of two directions", {
    average: "gradients",
    dropout: 0.3,
    bidirectional: true,
    pooling: "max",
  }],
  ["averaged gradients, dense rows", { average: "gradients", embeddingRows: "dense" }],
  ["averaged weights", {}],
  ["local moments, every 2 of 3 steps", { moments: "local", averageEvery: 2 }],
  ["on tfjs", { engine: "tfjs", epochs: 1, averageEvery: 2 }],
];
for (const [what, change] of wordRecipes) {
  Deno.test(`1, 2 and 4 workers end with the bits of one plain thread, with letters: ${what}`, async () => {
    const config = tableConfig(tinyConfig({ epochs: 3, letterRows: 40, ...change }), words);
    const model = await plainModel(config, words);
    const expected = plainTraining(model, config);
    for (const workers of [1, 2, 4]) {
      const { state, epochs } = await train(config, workers, { data: words });
      assertEquals([state.step, state.values], [expected.steps, expected.values], `${workers} workers`);
      const heldOut = plainHeldOut(model, state.values.subarray(0, model.layout.size));
      assertAlmostEquals(epochs.at(-1)!.heldOut.loss, heldOut.loss, 1e-6);
    }
    const { state: initial } = await train({ ...config, epochs: 1 }, 1, { data: words });
    assertEquals((await train(config, 3, { data: words, initial })).state.values, expected.values);
  });
}

Deno.test("averaged gradients of 4 shards of 6 rows equal one shard of 24 to 1e-5, over a table", async () => {
  for (const classWeights of ["none", "balanced"] as const) {
    const recipe = { average: "gradients", adamEpsilon: 1e-3, clipNorm: 0.5, classWeights } as const;
    const many = await train(configOf({ ...recipe, shards: 4, batchSize: 6 }), 2, { data });
    const one = await train(configOf({ ...recipe, shards: 1, batchSize: 24 }), 1, { data });
    assertClose(many.state.values, one.state.values, 1e-5);
    assertEquals(many.rounds.map(({ samples }) => samples), one.rounds.map(({ samples }) => samples));
  }
});

Deno.test("shards without rows leave the mean to the others, bit for bit", async () => {
  const few = randomData({ rows: 5 });
  const config = (shards: number) => tableConfig(tinyConfig({ epochs: 1, shards, batchSize: 6 }), few);
  const one = await train(config(1), 1, { data: few });
  const { state } = await train(config(4), 2, { data: few });
  assertEquals(state.values, one.state.values);
});

Deno.test("shardWeights() leaves out shards without samples, and counts the others by their weight", () => {
  const shards = [[1, 1, 6, 3], [2, 0, 2, 1], [0, 0, 0, 0]].map((figures) => Float64Array.from(figures));
  assertEquals(shardWeights({ shards }), { active: 2, coefficients: Float32Array.of(0.75, 0.25) });
});

Deno.test("a run over a table that resumes from a state ends with the same bits", async () => {
  for (const change of [{ moments: "local" }, { averageEvery: 2 }, { average: "gradients" }] as const) {
    const config = configOf(change);
    const { state: expected } = await train(config, 2, { data });
    for (const epochs of [1, 2]) {
      const { state: initial } = await train({ ...config, epochs }, 1, { data });
      assertEquals((await train(config, 3, { data, initial })).state, expected);
    }
  }
});

Deno.test("validation metrics over a table are those of the averaged weights, to 1e-6", async () => {
  const config = configOf({ averageEvery: 2 });
  const { state, epochs } = await train(config, 3, { data });
  const model = await plainModel(config, data);
  const expected = plainHeldOut(model, state.values.subarray(0, model.layout.size));
  assertAlmostEquals(epochs.at(-1)!.heldOut.loss, expected.loss, 1e-6);
  assertAlmostEquals(epochs.at(-1)!.heldOut.accuracy, expected.accuracy, 1e-12);
});

Deno.test("class weights, the seed's order and the initial deviation show in the digest", async () => {
  const digests = new Set<string>();
  for (const change of [{}, { classWeights: "balanced" }, { seed: 2 }, { embeddingInit: 0.1 }] as const) {
    digests.add(stateDigest((await train(configOf({ epochs: 1, ...change }), 2, { data })).state));
  }
  assertEquals(digests.size, 4);
});
