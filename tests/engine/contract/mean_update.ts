/** Tests the contract of engines for a step of several shards at once. */
import { assertEquals } from "@std/assert";
import { adamConstants } from "../../../lib/engine/adam.ts";
import type { Replica } from "../../../lib/engine/contract.ts";
import { coefficients } from "../../../lib/engine/tree_mean.ts";
import { embeddingEnd, embeddingTensor } from "../../../lib/model/layout.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";
import { bitsOf, replicaOf, waves } from "./rows.ts";
import { example } from "./example.ts";
import { type MakeEngine, withEngine } from "./with_engine.ts";

/** Has rows of 5 and tensors of odd sizes, which are no multiples of vectors of four or of cache lines. */
const SPEC: ModelSpec = { ...ONE_LAYER, vocabulary: 30, embedding: 5, hidden: 9, classes: 3, lstmBiases: 2 };
const PARTS = ["weights", "m", "v"] as const;

export function engineMeanUpdateContract(name: string, make: MakeEngine): void {
  Deno.test(`${name}: updateMean() gives the bits of update() and average() for 1 to 17 shards`, async () => {
    const needs = { ...example(SPEC, 1, 1), adam: adamConstants(1e-8, 0.3) };
    const { layout } = needs;
    await withEngine(make, needs, (engine) => {
      for (const shards of [1, 2, 3, 4, 5, 7, 8, 9, 17]) {
        const gradients = Array.from({ length: shards }, (_, shard) => waves(layout, shard + 4));
        const scales = Float64Array.from({ length: shards }, (_, shard) => Math.fround(1 / (1 + shard)));
        const shares = coefficients(gradients.map((_, shard) => 5 + shard % 3));
        const from = replicaOf(layout);
        const step = { step: 4, learningRate: 0.02, begin: 0, end: layout.size };
        const replicas = gradients.map((gradient, shard) => {
          const own = replicaOf(layout);
          engine.update(from, gradient, own, { ...step, scale: scales[shard]! });
          return own;
        });
        const [expected, actual] = [replicaOf(layout), replicaOf(layout)];
        const means = replicaOf(layout);
        for (const part of PARTS) {
          const options = { vectors: replicas.map((own) => own[part]), coefficients: shares, into: means[part] };
          engine.average({ ...options, begin: 0, end: layout.size, drift: false });
          for (const { offset, size } of layout.tensors) {
            const last = Math.min(offset + size, 303);
            for (let i = Math.max(offset, 17); i < last; i++) expected[part][i] = means[part][i]!;
          }
        }
        const options = { ...step, scales, coefficients: shares, stamps: [], stamp: 0, begin: 17, end: 303 };
        engine.updateMean(from, gradients, actual, options);
        assertSame(actual, expected);
      }
    });
  });

  Deno.test(`${name}: updateMean() of rows keeps a row for shards that did not touch it`, async () => {
    const needs = { ...example(SPEC, 1, 1), adam: adamConstants(1e-8, 0.3) };
    const { layout } = needs;
    const { offset } = embeddingTensor(layout);
    await withEngine(make, needs, (engine) => {
      for (const shards of [1, 2, 3, 8, 17]) {
        const gradients = Array.from({ length: shards }, (_, shard) => waves(layout, shard + 4));
        const stamps = gradients.map((_, shard) => Int32Array.from({ length: 30 }, (_, row) => (row * shard) % 4));
        const scales = Float64Array.from({ length: shards }, (_, shard) => Math.fround(1 / (1 + shard)));
        const shares = coefficients(gradients.map((_, shard) => 5 + shard % 3));
        const from = replicaOf(layout);
        const step = { step: 4, learningRate: 0.02, begin: 0, end: embeddingEnd(layout) };
        const rows = Int32Array.of(29, 0, 7, 8, 9, 10, 12, 13, 14, 20, 28);
        const replicas = gradients.map((gradient, shard) => {
          const own = replicaOf(layout);
          const touched = rows.filter((row) => stamps[shard]![row] === 2);
          engine.update(from, gradient, own, { ...step, scale: scales[shard]!, rows: touched });
          return own;
        });
        const [expected, actual] = [replicaOf(layout), replicaOf(layout)];
        for (const values of [expected, actual]) for (const part of PARTS) values[part].fill(7);
        for (const part of PARTS) {
          for (const row of rows) {
            const begin = offset + row * SPEC.embedding;
            const vectors = replicas.map((own) => own[part]);
            const range = { begin, end: begin + SPEC.embedding, drift: false };
            engine.average({ vectors, coefficients: shares, into: expected[part], ...range });
          }
        }
        engine.updateMean(from, gradients, actual, { ...step, scales, coefficients: shares, stamps, stamp: 2, rows });
        assertSame(actual, expected);
      }
    });
  });
}

/** Tests rows that move at another rate, which a file of vectors gave. */
export function engineSlowRowsContract(name: string, make: MakeEngine): void {
  for (const [first, end, rate] of [[7, 30, 0.25], [8, 21, 0], [0, 30, 3]] as const) {
    Deno.test(`${name}: update() and updateMean() move rows ${first} to ${end - 1} at ${rate} times the rate`, async () => {
      const usual = { ...example(SPEC, 1, 1), adam: adamConstants(1e-8, 0.3) };
      const slow = { ...usual, adam: adamConstants(1e-8, 0.3, { first, end, rate }) };
      const { layout } = usual;
      const { offset, size } = embeddingTensor(layout);
      const isSlow = (i: number) => i >= offset + first * SPEC.embedding && i < offset + end * SPEC.embedding;
      const gradients = [waves(layout, 4), waves(layout, 5)];
      const shared = { scales: Float64Array.of(0.5, 1), coefficients: coefficients([5, 6]), stamp: 1 };
      const stamps = gradients.map((_, shard) =>
        Int32Array.from({ length: 30 }, (_, row) => (row + shard) % 3 === 0 ? 0 : 1)
      );
      for (
        const rows of [
          undefined,
          Int32Array.of(29, 0, 7, 8, 20, 21, 6),
          Int32Array.from({ length: 30 }, (_, row) => row),
        ]
      ) {
        for (const [begin, end] of [[0, layout.size], [19, offset + size - 23]] as const) {
          const moved = (needs: typeof usual, learningRate: number) =>
            withEngine(make, needs, (engine) => {
              const [one, mean] = [replicaOf(layout), replicaOf(layout)];
              const step = { step: 4, learningRate, begin, end, ...rows && { rows } };
              engine.update(replicaOf(layout), gradients[0]!, one, { ...step, scale: 0.5 });
              // Ranges of rows are those of whole rounds.
              const whole = { ...step, ...rows && { begin: 0, end: embeddingEnd(layout) } };
              engine.updateMean(replicaOf(layout), gradients, mean, {
                ...whole,
                ...shared,
                stamps: rows ? stamps : [],
              });
              return [one, mean] as const;
            });
          const [actual, atFull, atSlow] = [
            await moved(slow, 0.02),
            await moved(usual, 0.02),
            await moved(usual, 0.02 * rate),
          ];
          for (const kind of [0, 1] as const) {
            for (const part of PARTS) {
              const expected = atFull[kind][part].map((value, i) => isSlow(i) ? atSlow[kind][part][i]! : value);
              assertEquals(
                bitsOf(actual[kind][part]),
                bitsOf(expected),
                `${part} of ${kind === 0 ? "update" : "mean"}`,
              );
            }
          }
        }
      }
    });
  }
}

function assertSame(actual: Replica, expected: Replica): void {
  for (const part of PARTS) assertEquals(bitsOf(actual[part]), bitsOf(expected[part]), part);
}
