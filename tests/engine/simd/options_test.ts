/** Tests the simd engine's options at sizes of several chunks and panels, where finite differences are too slow. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { createBatch } from "../../../lib/data/batches/batch.ts";
import { adamConstants } from "../../../lib/engine/adam.ts";
import { createTfjsEngine } from "../../../lib/engine/tfjs/engine.ts";
import { embeddingTensor, tensorNamed, tensorView } from "../../../lib/model/layout.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";
import { assertClose } from "../close.ts";
import { simdFixture } from "./fixture.ts";

const base: ModelSpec = { vocabulary: 37, embedding: 11, hidden: 18, classes: 10, lstmBiases: 1, ...ONE_LAYER };
const DEEP = { layers: 2, bidirectional: true } as const;

interface Case {
  readonly spec: Partial<ModelSpec>;
  readonly size: number;
  readonly length: number;
  readonly lengths?: readonly number[];
  readonly rate?: number;
}

/** Makes the first chunk's rows short, and the others of any length. */
const ragged = (size: number, length: number): number[] =>
  Array.from({ length: size }, (_, row) => row < 60 ? 1 + row % 3 : 1 + (row * 7) % length);

const cases: [what: string, given: Case][] = [
  ["padded rows", { spec: {}, size: 130, length: 7, lengths: ragged(130, 7) }],
  ["rows that all have the same padding", { spec: {}, size: 61, length: 6, lengths: Array(61).fill(4) }],
  ["padded rows, two directions", { spec: { bidirectional: true }, size: 130, length: 7, lengths: ragged(130, 7) }],
  ["padded rows, the longest first, two directions", {
    spec: { bidirectional: true, pooling: "max" },
    size: 130,
    length: 9,
    lengths: ragged(130, 9).toSorted((a, b) => b - a),
  }],
  ["padded rows, the longest first, 2 layers, the mean, dropout", {
    spec: { layers: 2, pooling: "mean" },
    size: 50,
    length: 30,
    lengths: ragged(50, 30).toSorted((a, b) => b - a),
    rate: 0.2,
  }],
  ["padded rows, the longest first, the last", {
    spec: {},
    size: 70,
    length: 12,
    lengths: ragged(70, 12).toSorted((a, b) => b - a),
  }],
  ["two directions", { spec: { bidirectional: true, hidden: 33 }, size: 70, length: 5 }],
  ["the mean, two directions", { spec: { bidirectional: true, pooling: "mean" }, size: 70, length: 5 }],
  ["the maximum, padded rows", { spec: { pooling: "max" }, size: 130, length: 6, lengths: ragged(130, 6) }],
  ["dropout", { spec: {}, size: 130, length: 6, rate: 0.4 }],
  ["3 layers", { spec: { layers: 3, hidden: 16 }, size: 70, length: 5 }],
  ["dropout, 3 layers", { spec: { layers: 3 }, size: 70, length: 5, rate: 0.1 }],
  ["all at once", {
    spec: { ...DEEP, pooling: "max" },
    size: 130,
    length: 7,
    lengths: ragged(130, 7),
    rate: 0.3,
  }],
  ["all at once, the mean, long", {
    spec: { ...DEEP, pooling: "mean", hidden: 41 },
    size: 50,
    length: 30,
    lengths: ragged(50, 30).toReversed(),
    rate: 0.2,
  }],
  ["all at once, the last", { spec: { ...DEEP, layers: 4 }, size: 65, length: 3, lengths: ragged(65, 3), rate: 0.5 }],
];

function fixture({ spec, size, length, lengths, rate = 0 }: Case) {
  const options = { dropout: { rate, seed: 2 ** 32 - 5 }, ...(lengths && { lengths }) };
  return { ...simdFixture({ ...base, ...spec }, size, length, options), ...options };
}

for (const [what, given] of cases) {
  Deno.test(`SimdEngine agrees with tfjs to 1e-5 of each tensor's largest gradient: ${what}`, async () => {
    const { spec, layout, engine, replica: { weights }, gradients, batch, dropout } = fixture(given);
    const tfjs = await createTfjsEngine({ backend: "wasm", spec, layout, adam: adamConstants(1e-8), dropout });
    const draw = 2 ** 40 + 3;
    const expected = new Float32Array(layout.size);
    const wanted = tfjs.gradients(weights, batch, expected, draw);
    const actual = engine.gradients(weights, batch, gradients, draw);
    assert(Math.abs(actual.lossSum / wanted.lossSum - 1) < 1e-5, `${actual.lossSum} for ${wanted.lossSum}`);
    assertEquals(actual.correct, wanted.correct);
    for (const tensor of layout.tensors) {
      const [ours, theirs] = [tensorView(gradients, tensor), tensorView(expected, tensor)];
      assertClose(ours, theirs, 1e-5 * theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30));
    }
    assertClose(engine.predict(weights, batch), tfjs.predict(weights, batch), 1e-6);
    assertEquals(engine.evaluate(weights, batch).correct, tfjs.evaluate(weights, batch).correct);
  });

  Deno.test(`SimdEngine writes only to its ranges, and the same bits for any content of scratch: ${what}`, () => {
    const { layout, vectors, engine, replica: { weights }, gradients, batch, scratch } = fixture(given);
    const other = createBatch(3, 2, vectors.ints(12));
    other.lengths.set([1, 2, 1]);
    gradients.fill(7);
    const bytes = new Uint8Array(vectors.memory.buffer);
    const before = bytes.slice();
    engine.gradients(weights, batch, gradients, 1);
    engine.predict(weights, batch);
    for (const { byteOffset, byteLength } of [gradients, scratch]) {
      before.set(bytes.subarray(byteOffset, byteOffset + byteLength), byteOffset);
    }
    assert(bytes.every((byte, index) => byte === before[index]));
    const inTensor = new Uint8Array(layout.size);
    for (const { offset, size } of layout.tensors) inTensor.fill(1, offset, offset + size);
    assert(gradients.every((value, i) => inTensor[i] === 1 || value === 0));
    const first = gradients.slice();
    engine.gradients(weights, other, gradients, 2);
    engine.gradients(weights, batch, gradients, 1);
    assertEquals(gradients, first);
  });
}

Deno.test("SimdEngine.gradients() lets NaN through to the loss with any pooling", () => {
  for (const pooling of ["last", "mean", "max"] as const) {
    const { engine, replica: { weights }, gradients, batch } = fixture({
      spec: { ...DEEP, pooling },
      size: 5,
      length: 3,
    });
    weights[batch.tokens[0]! * base.embedding] = NaN;
    assert(Number.isNaN(engine.gradients(weights, batch, gradients, 0).lossSum), pooling);
  }
});

Deno.test("SimdEngine.gradients() assigns the gradient of equal maxima to the lowest position", () => {
  // Nothing is written to a cell, so all states are 0; and forget gates are shut, so gradients stay at their step.
  const { spec: { embedding, hidden }, layout, engine, replica: { weights }, gradients, batch } = fixture({
    spec: { bidirectional: true, pooling: "max" },
    size: 4,
    length: 3,
  });
  const directions = ["lstm/forward_lstm", "lstm/backward_lstm"];
  for (const direction of directions) {
    const view = (name: string) => tensorView(weights, tensorNamed(layout, `${direction}/${name}`));
    for (const name of ["kernel", "recurrent_kernel", "bias"]) {
      const values = view(name);
      for (let i = 2 * hidden; i < values.length; i += 4 * hidden) values.fill(0, i, i + hidden);
    }
    view("bias").fill(-200, hidden, 2 * hidden);
  }
  // Token 0 has a 1 only in component 0, token 1 only in component 1.
  const vectors = tensorView(weights, embeddingTensor(layout)).fill(0);
  vectors[0] = vectors[embedding + 1] = 1;
  for (const first of [0, 1]) {
    for (let row = 0; row < 4; row++) batch.tokens.set([first, 1 - first, 1 - first], 3 * row);
    engine.gradients(weights, batch, gradients, 0);
    for (const direction of directions) {
      const kernel = tensorView(gradients, tensorNamed(layout, `${direction}/kernel`));
      const largest = (component: number) =>
        Math.max(...kernel.subarray(4 * hidden * component, 4 * hidden * (component + 1)).map(Math.abs));
      assert(
        largest(first) > 1e-3 && largest(1 - first) < 1e-6,
        `${direction}: ${largest(first)}, ${largest(1 - first)}`,
      );
    }
  }
});

Deno.test("SimdEngine.update() and squaredNorm() give the same bits for rows in any memory", () => {
  const spec: ModelSpec = { ...base, vocabulary: 5000, embedding: 3 };
  const { layout, engine, vectors, replica, gradients, batch } = simdFixture(spec, 40, 9);
  engine.gradients(replica.weights, batch, gradients, 0);
  const outside = Int32Array.from({ length: 4500 }, (_, i) => i * 7 % 5000);
  const inside = vectors.ints(outside.length);
  inside.set(outside);
  assertEquals(
    engine.squaredNorm(gradients, 5, layout.size, inside),
    engine.squaredNorm(gradients, 5, layout.size, outside),
  );
  const options = { step: 1, learningRate: 0.1, scale: 1, begin: 5, end: layout.size };
  const copies = [inside, outside].map((rows) => {
    const copy = {
      weights: vectors.floats(replica.weights),
      m: vectors.floats(replica.m),
      v: vectors.floats(replica.v),
    };
    engine.update(replica, gradients, copy, { ...options, rows });
    return copy;
  });
  assertEquals(copies[0], copies[1]);
});

Deno.test("SimdEngine.update() and squaredNorm() leave out invalid rows", () => {
  const { layout, engine, vectors, replica, gradients, batch } = simdFixture(base, 4, 3);
  engine.gradients(replica.weights, batch, gradients, 0);
  const end = tensorNamed(layout, "embedding/embeddings").size;
  const rows = vectors.ints(4);
  rows.set([-1, base.vocabulary, 2 ** 31 - 1, -(2 ** 31)]);
  assertEquals(engine.squaredNorm(gradients, 0, end, rows), 0);
  const before = replica.weights.slice();
  engine.update(replica, gradients, replica, { step: 1, learningRate: 0.1, scale: 1, begin: 0, end, rows });
  assertEquals(replica.weights, before);
});

Deno.test("SimdEngine.gradients() names the position of an invalid token, and works afterwards", () => {
  const { engine, replica: { weights }, gradients, batch } = fixture({
    spec: {},
    size: 4,
    length: 5,
    lengths: [5, 2, 3, 4],
  });
  engine.gradients(weights, batch, gradients, 0);
  const expected = gradients.slice();
  const token = batch.tokens[11]!;
  batch.tokens[11] = 37;
  assertThrows(() => engine.gradients(weights, batch, gradients, 0), RangeError, "batch.tokens[11] is 37");
  batch.tokens[11] = token;
  engine.gradients(weights, batch, gradients, 0);
  assertEquals(gradients, expected);
});
