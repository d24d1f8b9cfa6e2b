import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { trainingConfigSchema } from "../../../lib/config/schema.ts";
import { type Batch, createBatch } from "../../../lib/data/batches/batch.ts";
import { tableConfig } from "../../../lib/data/batches/table_config.ts";
import { tableDataset } from "../../../lib/data/batches/table_dataset.ts";
import type { TrainingData } from "../../../lib/data/batches/table.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { randomData, tableOf } from "../tables.ts";

/** Creates rows whose first token is their number; row r has 1 + r % 13 tokens and class r % 2. */
function numbered(rows: number): TrainingData {
  const table = tableOf(
    Array.from({ length: rows }, (_, row) => [row, ...Array.from({ length: row % 13 }, (_, i) => row + i)]),
    Array.from({ length: rows }, (_, row) => row % 2),
  );
  const digest = "", labels = ["a", "b"];
  return { labels, vocabulary: rows + 13, length: 13, training: table, validation: table, digest };
}

function open(data: TrainingData, shards: number, batchSize: number, seed = 1) {
  const config = tableConfig(trainingConfigSchema.parse({ shards, batchSize, seed }), data);
  const dataset = tableDataset(config, data);
  const batch = createBatch(Math.max(batchSize, dataset.heldOut), data.length);
  return {
    config,
    dataset,
    at: (step: number, shard: number): Batch => {
      dataset.trainingBatch(batch, step, shard);
      return batch;
    },
    heldOut: (first: number, size: number): Batch => {
      dataset.heldOutBatch(batch, first, size);
      return batch;
    },
  };
}

/** Returns the number of each row of a batch of `numbered` rows, and checks its contents. */
function rowsOf({ size, length, tokens, lengths, labels }: Batch): number[] {
  return Array.from({ length: size }, (_, row) => {
    const number = tokens[row * length]!;
    assertEquals([lengths[row], labels[row]], [1 + number % 13, number % 2]);
    const rest = tokens.subarray(row * length + 1, row * length + lengths[row]!);
    assertEquals([...rest], Array.from(rest, (_, i) => number + i));
    return number;
  });
}

const sizes = fc.record({ rows: fc.integer({ min: 1, max: 400 }), shards: fc.integer({ min: 1, max: 5 }) });

Deno.test("trainingBatch() returns every row once an epoch, in a new order for each epoch and seed", () => {
  const data = numbered(1000);
  const { config, at } = open(data, 3, 16);
  const epochs = [0, 1].map((epoch) =>
    Array.from(
      { length: config.stepsPerEpoch },
      (_, step) => [0, 1, 2].flatMap((shard) => rowsOf(at(epoch * config.stepsPerEpoch + step, shard))),
    ).flat()
  );
  for (const order of epochs) assertEquals(order.toSorted((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));
  assertNotEquals(epochs[0], epochs[1]);
  const other = open(data, 3, 16, 2);
  assertNotEquals(rowsOf(other.at(0, 0)), epochs[0]!.slice(0, 16));
  // Earlier calls change nothing.
  assertEquals(rowsOf(at(0, 0)), epochs[0]!.slice(0, 16));
});

Deno.test("trainingBatch() fills whole batches, then one partly; shards with rows come first", () => {
  fc.assert(fc.property(sizes, ({ rows, shards }) => {
    const { config, dataset, at } = open(randomData({ rows }), shards, 8);
    let seen = 0;
    for (let step = 0; step < config.stepsPerEpoch; step++) {
      for (let shard = 0; shard < shards; shard++) {
        const { size } = at(step, shard);
        assertEquals(size, Math.max(0, Math.min(8, rows - seen)));
        seen += size;
      }
      assertEquals(dataset.sequencesAfter(step + 1), seen);
    }
    assertEquals(seen, rows);
    assertEquals(dataset.sequencesAfter(3 * config.stepsPerEpoch), 3 * rows);
  }));
});

Deno.test("trainingBatch() of 4 shards of 6 returns the rows of one shard of 24 in each step", () => {
  const data = numbered(500);
  const many = open(data, 4, 6), one = open(data, 1, 24);
  assertEquals(many.config.stepsPerEpoch, one.config.stepsPerEpoch);
  for (let step = 0; step < 2 * one.config.stepsPerEpoch; step++) {
    assertEquals([0, 1, 2, 3].flatMap((shard) => rowsOf(many.at(step, shard))), rowsOf(one.at(step, 0)));
  }
});

Deno.test("trainingBatch() is as long as its longest row, which comes first, and pads little", () => {
  const { config, at } = open(randomData({ rows: 5000, length: 50 }), 2, 32);
  let [real, padded] = [0, 0];
  const firstLengths = new Set<number>();
  for (let step = 0; step < config.stepsPerEpoch; step++) {
    for (let shard = 0; shard < 2; shard++) {
      const { size, length, lengths } = at(step, shard);
      if (size === 0) continue;
      const own = [...lengths.subarray(0, size)];
      assertEquals(own, own.toSorted((a, b) => b - a));
      assertEquals(length, own[0]);
      real += own.reduce((sum, each) => sum + each, 0);
      padded += size * length;
      firstLengths.add(length);
    }
  }
  assert(real / padded > 0.92, `${real / padded} of the positions are real`); // 0.51 in random order
  assert(firstLengths.size > 15);
});

Deno.test("heldOutBatch() returns every row once, longest first", () => {
  const { heldOut } = open(numbered(70), 1, 8);
  const all = [[0, 30], [30, 30], [60, 10]].flatMap(([first, size]) => rowsOf(heldOut(first!, size!)));
  assertEquals(all.toSorted((a, b) => a - b), Array.from({ length: 70 }, (_, row) => row));
  assertEquals(all.map((row) => row % 13), all.map((row) => row % 13).toSorted((a, b) => b - a));
});

Deno.test("tableDataset() refuses a config for other data, and rows with no or too many tokens", () => {
  const data = numbered(20);
  const { config } = open(data, 1, 8);
  assertThrows(() => tableDataset({ ...config, stepsPerEpoch: 4 }, data), RangeError, "stepsPerEpoch is 4: expected 3");
  const withRows = (rows: number[][]) => ({ ...data, training: tableOf(rows, rows.map(() => 0)) });
  const tried = (rows: number[][]) => tableDataset({ ...config, stepsPerEpoch: 1 }, withRows(rows));
  assertThrows(() => tried([[1], []]), RangeError, "Row 1 of the training data has 0 tokens: expected 1 to 13");
  assertThrows(() => tried([new Array(14).fill(1)]), RangeError, "has 14 tokens");
});

Deno.test("tableDataset() weights classes by scikit-learn's balanced rule on request", () => {
  // sklearn.utils.class_weight.compute_class_weight("balanced", classes=[0, 1, 2], y=[0, 0, 0, 1, 2, 0, 0, 0, 1, 2])
  const data = randomData({ rows: 10 });
  const config = tableConfig(trainingConfigSchema.parse({ classWeights: "balanced" }), data);
  const expected = [10 / (3 * 6), 10 / (3 * 2), 10 / (3 * 2)];
  assertEquals(tableDataset(config, data).classWeights, Float32Array.from(expected));
  assertEquals(tableDataset({ ...config, classWeights: "none" }, data).classWeights, undefined);
});

Deno.test("tableConfig() refuses unusable data, and a warm-up longer than the run", () => {
  const config = trainingConfigSchema.parse({ epochs: 2, warmupSteps: 5 });
  const messages = (data: TrainingData) => assertThrows(() => tableConfig(config, data), InputError).message;
  const empty = tableOf([], []);
  const nothing = messages({ ...numbered(20), labels: ["a"], training: empty, validation: empty });
  assert(
    /have 1 class: expected at least 2\n.*training data have no rows.*\n.*validation data have no rows/.test(nothing),
  );
  assertEquals(messages(numbered(513)), "warmupSteps is 5: expected at most the run's 4 steps, 2 epochs of 2");
});
