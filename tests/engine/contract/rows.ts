/** Tests the contract of engines for weight decay and for rows of the embedding. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { adamConstants } from "../../../lib/engine/adam.ts";
import type { Replica } from "../../../lib/engine/contract.ts";
import { coefficients } from "../../../lib/engine/tree_mean.ts";
import { embeddingTensor, type ParameterLayout } from "../../../lib/model/layout.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";
import { assertClose } from "../close.ts";
import { example, vectorsOf } from "./example.ts";
import { type MakeEngine, withEngine } from "./with_engine.ts";

const SPEC: ModelSpec = { ...ONE_LAYER, vocabulary: 30, embedding: 5, hidden: 6, classes: 3, lstmBiases: 2 };

/** Makes numbers of every size and sign in all tensors, 0 in the gaps. */
export function waves(layout: ParameterLayout, factor: number): Float32Array {
  const values = new Float32Array(layout.size);
  for (const { offset, size } of layout.tensors) {
    for (let i = offset; i < offset + size; i++) values[i] = Math.sin(factor * (i + 1)) * 2 ** (i % 9 - 4);
  }
  return values;
}

/** Returns the bits, in which -0 is not 0. */
export function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

export function replicaOf(layout: ParameterLayout): Replica {
  return { weights: waves(layout, 1), m: waves(layout, 2), v: waves(layout, 3).map(Math.abs) };
}

export function engineRowsContract(name: string, make: MakeEngine): void {
  Deno.test(`${name}: update() decays embeddings and kernels as AdamW in float64 to 1e-6, and no bias`, async () => {
    const needs = { ...example(SPEC, 1, 1), adam: adamConstants(1e-8, 0.3) };
    const { layout } = needs;
    await withEngine(make, needs, (engine) => {
      const [from, into] = [replicaOf(layout), replicaOf(layout)];
      const gradients = waves(layout, 5);
      const learningRate = 0.02;
      const options = { step: 4, learningRate, scale: 0.5, begin: 0, end: layout.size };
      engine.update(from, gradients, into, options);
      const expected = Float64Array.from(from.weights);
      for (const { name: tensor, offset, size } of layout.tensors) {
        const rate = tensor === "lstm/bias" ? 2 * learningRate : learningRate;
        for (let i = offset; i < offset + size; i++) {
          const gradient = 0.5 * gradients[i]!;
          const m = (0.9 * from.m[i]! + 0.1 * gradient) / (1 - 0.9 ** 4);
          const v = (0.999 * from.v[i]! + 0.001 * gradient ** 2) / (1 - 0.999 ** 4);
          if (!tensor.endsWith("bias")) expected[i]! -= learningRate * 0.3 * from.weights[i]!;
          expected[i]! -= rate * m / (Math.sqrt(v) + 1e-8);
        }
      }
      assertClose(into.weights, expected, 2e-6);
      const parts = replicaOf(layout);
      engine.update(from, gradients, parts, { ...options, end: 77 });
      engine.update(from, gradients, parts, { ...options, begin: 77 });
      assertEquals(parts, into);
    });
  });

  Deno.test(`${name}: rows() names each token of the batch once, in the order of first occurrence`, async () => {
    const { weights, batch, ...needs } = example(SPEC, 4, 5);
    await withEngine(make, needs, (engine) => {
      const out = new Float32Array(needs.layout.size);
      engine.gradients(weights, batch, out, 0);
      assertEquals([...engine.rows()], [...new Set(batch.tokens)]);
      batch.tokens.fill(29);
      engine.gradients(weights, batch, out, 0);
      assertEquals([...engine.rows()], [29]);
    });
  });

  Deno.test(`${name}: lazy gradients() writes the bits of dense ones, and only the rows of rows()`, async () => {
    const { weights, batch, ...needs } = example(SPEC, 2, 4);
    const { layout } = needs;
    const dense = new Float32Array(layout.size);
    await withEngine(make, { ...needs, embeddingRows: "dense" }, (engine) => {
      engine.gradients(weights, batch, dense.fill(7), 0);
    });
    await withEngine(make, { ...needs, embeddingRows: "lazy" }, (engine) => {
      const lazy = new Float32Array(layout.size).fill(NaN);
      engine.gradients(weights, batch, lazy, 0);
      const rows = new Set(engine.rows());
      const { offset, size } = embeddingTensor(layout);
      for (let i = offset; i < offset + size; i++) {
        const row = Math.floor((i - offset) / SPEC.embedding);
        assertEquals(lazy[i], rows.has(row) ? dense[i] : NaN, `row ${row}`);
        if (!rows.has(row)) assertEquals(dense[i], 0);
      }
      const behind = layout.tensors[1]!.offset;
      assertEquals(lazy.subarray(behind), dense.subarray(behind));
    });
  });

  Deno.test(`${name}: with vectors, rows() and lazy gradients() are those of the rows they are made of`, async () => {
    const { weights, batch: plain, ...needs } = example({ ...SPEC, letterRows: 6 }, 2, 4);
    const { layout, spec: { embedding: width } } = needs;
    // The last vector is of no token.
    const batch = { ...plain, vectors: vectorsOf([[3], [1, 30, 35, 30], [1, 31], [29, 35], [7, 32]]) };
    batch.tokens.forEach((token, at, tokens) => tokens[at] = token % 4);
    const dense = new Float32Array(layout.size).fill(7);
    await withEngine(make, { ...needs, embeddingRows: "dense" }, (engine) => {
      engine.gradients(weights, batch, dense, 0);
    });
    await withEngine(make, { ...needs, embeddingRows: "lazy" }, (engine) => {
      const lazy = new Float32Array(layout.size).fill(NaN);
      engine.gradients(weights, batch, lazy, 0);
      const rows = [...engine.rows()];
      assertEquals(rows, [3, 1, 30, 35, 31, 29, 7, 32]);
      for (let row = 0; row < 36; row++) {
        const [ofLazy, ofDense] = [lazy, dense].map((values) => values.slice(row * width, (row + 1) * width));
        const untouched = new Float32Array(width).fill(NaN);
        assertEquals(ofLazy, rows.includes(row) ? ofDense : untouched, `row ${row}`);
        if (!rows.includes(row) || row === 7) assertEquals(ofDense, new Float32Array(width), `row ${row}`);
      }
      const behind = layout.tensors[1]!.offset;
      assertEquals(lazy.subarray(behind), dense.subarray(behind));
    });
  });

  for (const rows of [[3], [29, 0, 7, 8], [], Array.from({ length: 30 }, (_, row) => row)]) {
    Deno.test(`${name}: update() and squaredNorm() keep to ${rows.length} rows, bit for bit`, async () => {
      const needs = example(SPEC, 1, 1);
      const { layout } = needs;
      const { offset, size } = embeddingTensor(layout);
      const touched = (i: number) => i < offset || i >= offset + size || rows.includes(Math.floor((i - offset) / 5));
      await withEngine(make, needs, (engine) => {
        const gradients = waves(layout, 5);
        const holes = gradients.map((value, i) => touched(i) ? value : NaN);
        const options = { step: 7, learningRate: 0.03, scale: 0.7, begin: 0, end: layout.size };
        const list = Int32Array.from(rows);
        const [all, some] = [replicaOf(layout), replicaOf(layout)];
        engine.update(all, gradients, all, options);
        engine.update(replicaOf(layout), holes, some, { ...options, rows: list });
        const before = replicaOf(layout);
        for (const part of ["weights", "m", "v"] as const) {
          assertEquals(some[part], before[part].map((value, i) => touched(i) ? all[part][i]! : value));
        }
        const squares = (begin: number, end: number) => {
          let sum = 0;
          for (let i = begin; i < end; i++) {
            const isBias = layout.tensors.some((tensor) =>
              tensor.name === "lstm/bias" && i >= tensor.offset && i < tensor.offset + tensor.size
            );
            if (touched(i)) sum += (isBias ? 2 : 1) * gradients[i]! ** 2;
          }
          return sum;
        };
        for (const [begin, end] of [[0, layout.size], [17, 149], [160, 200]] as const) {
          const expected = squares(begin, end);
          assertAlmostEquals(engine.squaredNorm(holes, begin, end, list), expected, 1e-9 * (1 + expected));
        }
        const parts = replicaOf(layout);
        engine.update(replicaOf(layout), holes, parts, { ...options, rows: list, end: 39 });
        engine.update(replicaOf(layout), holes, parts, { ...options, rows: list, begin: 39 });
        assertEquals(parts, some);
      });
    });
  }

  Deno.test(`${name}: averageRows() gives the bits of average(), and touches no other row`, async () => {
    const needs = example(SPEC, 1, 1);
    const { layout } = needs;
    const { offset } = embeddingTensor(layout);
    await withEngine(make, needs, (engine) => {
      for (const shards of [1, 2, 3, 4, 7, 17]) {
        const vectors = Array.from(
          { length: shards },
          (_, shard) => waves(layout, shard + 1).map((value, i) => (i + shard) % 3 === 0 ? -0 : value),
        );
        const stamps = vectors.map((_, shard) => Int32Array.from({ length: 30 }, (_, row) => (row * shard) % 4));
        const shares = coefficients(vectors.map((_, shard) => 5 + shard % 3));
        for (const otherwise of [waves(layout, 99), undefined]) {
          const whole = vectors.map((values, shard) =>
            values.map((value, i) => {
              const row = Math.floor((i - offset) / SPEC.embedding);
              return stamps[shard]![row] === 2 ? value : otherwise?.[i] ?? 0;
            })
          );
          const rows = Int32Array.of(29, 0, 7, 8, 9, 10, 12, 13, 14, 20, 28);
          const [actual, expected] = [new Float32Array(layout.size).fill(7), new Float32Array(layout.size).fill(7)];
          let distance = 0;
          for (const row of rows) {
            const begin = offset + row * SPEC.embedding;
            const range = { begin, end: begin + SPEC.embedding };
            distance += engine.average({ vectors: whole, coefficients: shares, into: expected, ...range, drift: true });
          }
          const options = { coefficients: shares, vectors, into: actual, rows, stamps, stamp: 2 };
          const drifted = engine.averageRows({ ...options, drift: true, ...otherwise && { otherwise } });
          assertEquals(bitsOf(actual), bitsOf(expected));
          assertAlmostEquals(drifted, distance, 1e-6 * distance);
          actual.fill(7);
          assertEquals(engine.averageRows({ ...options, drift: false, ...otherwise && { otherwise } }), 0);
          assertEquals(bitsOf(actual), bitsOf(expected));
        }
      }
    });
  });

  Deno.test(`${name}: copyRows() copies these rows of the embedding, and no other element`, async () => {
    const needs = example(SPEC, 1, 1);
    const { layout } = needs;
    const { offset } = embeddingTensor(layout);
    await withEngine(make, needs, (engine) => {
      for (const rows of [[], [3], [29, 0, 7]]) {
        const [from, into] = [waves(layout, 3), waves(layout, 4)];
        const expected = into.map((value, i) =>
          rows.includes(Math.floor((i - offset) / SPEC.embedding)) ? from[i]! : value
        );
        engine.copyRows(from, into, Int32Array.from(rows));
        assertEquals(into, expected);
      }
    });
  });

  Deno.test(`${name}: findRows() lists rows of this round and of the one before, slice by slice`, async () => {
    await withEngine(make, example(SPEC, 1, 1), (engine) => {
      // There are two shards. Slices 0 and 2 of three are the rows 0 to 3, 12 to 15, 24 to 27, then 8 to 11, 20 to 23.
      const ages = [{ 0: 0, 1: 1, 13: 1, 14: 2, 20: 1, 29: 0, 6: 0 }, { 1: 1, 9: 1, 12: 0, 13: 0, 22: 0, 28: 3 }];
      const among = { block: 4, slices: 3, first: 0, step: 2 };
      for (const stamp of [7, 1, -(2 ** 31)]) {
        const stamps = ages.map((own) => {
          const values = new Int32Array(30).fill((stamp + 5) | 0);
          for (const [row, age] of Object.entries(own)) values[Number(row)] = (stamp - age) | 0;
          return values;
        });
        const list = new Int32Array(9).fill(-1);
        assertEquals(engine.findRows({ stamps, stamp, rows: 30, among, list }), { touched: 4, stale: 3 });
        assertEquals([...list], [0, 12, 13, 22, -1, -1, 20, 9, 1]);
        assertEquals(engine.findRows({ stamps, stamp, rows: 12, among, list: list.fill(-1) }), {
          touched: 1,
          stale: 2,
        });
        assertEquals([...list], [0, -1, -1, -1, -1, -1, -1, 9, 1]);
        assertEquals(engine.findRows({ stamps: [], stamp, rows: 30, among, list }), { touched: 0, stale: 0 });
        const few = list.subarray(0, 6);
        assertThrows(() => engine.findRows({ stamps, stamp, rows: 30, among, list: few }), RangeError, "list has 6");
      }
    });
  });
}
