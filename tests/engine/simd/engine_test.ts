import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Batch } from "../../../lib/data/batches/batch.ts";
import { createBatch } from "../../../lib/data/batches/batch.ts";
import { adamConstants } from "../../../lib/engine/adam.ts";
import { adamUpdate, squaredNorm } from "../../../lib/engine/reference/optimizer.ts";
import { createSimdEngine } from "../../../lib/engine/simd/engine.ts";
import { simdScratchBytes } from "../../../lib/engine/simd/memory/scratch.ts";
import { type ParameterLayout, tensorNamed, tensorView } from "../../../lib/model/layout.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";
import { Random, Stream } from "../../../lib/base/numbers/random.ts";
import { engineContract } from "../contract/all.ts";
import { float64Lstm } from "./float64_lstm.ts";
import { simdOnPlainArrays } from "../plain_arrays.ts";
import { simdFixture } from "./fixture.ts";

engineContract("simd", simdOnPlainArrays);

const base: ModelSpec = { vocabulary: 50, embedding: 32, hidden: 64, classes: 2, lstmBiases: 1, ...ONE_LAYER };

/** Returns the largest |actual - expected|, as a fraction of the largest |expected|. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0, scale = 1e-30;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    error = Math.max(error, Number.isNaN(difference) ? Infinity : difference);
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return error / scale;
}

const shapes: [name: string, spec: Partial<ModelSpec>, size: number, length: number][] = [
  ["the notebook's shape", {}, 50, 8],
  ["one sequence of one token", {}, 1, 1],
  ["one token", {}, 9, 1],
  ["odd sizes", { vocabulary: 13, embedding: 5, hidden: 9, classes: 3 }, 7, 6],
  ["sizes of 1", { vocabulary: 2, embedding: 1, hidden: 1, classes: 2 }, 3, 3],
  ["sizes one above a panel", { vocabulary: 3, embedding: 17, hidden: 33, classes: 9 }, 13, 4],
  ["several chunks", { vocabulary: 11, embedding: 4, hidden: 12 }, 150, 3],
  ["50,000 tokens", { vocabulary: 50_000, embedding: 6, hidden: 7 }, 11, 5],
  ["1,000 classes", { embedding: 6, hidden: 11, classes: 1000 }, 6, 2],
];

for (const [name, part, size, length] of shapes) {
  Deno.test(`SimdEngine.gradients() agrees with float64 to 1e-5: ${name}`, () => {
    const { spec, layout, engine, replica, gradients, batch } = simdFixture({ ...base, ...part }, size, length);
    gradients.fill(7);
    const expected = float64Lstm(spec, layout, replica.weights, batch);
    const metrics = engine.gradients(replica.weights, batch, gradients, 0);
    assert(Math.abs(metrics.lossSum / expected.lossSum - 1) < 1e-5, `${metrics.lossSum} for ${expected.lossSum}`);
    for (const tensor of layout.tensors) {
      const wanted = expected.gradients.subarray(tensor.offset, tensor.offset + tensor.size);
      const error = relativeError(tensorView(gradients, tensor), wanted);
      assert(error < 1e-5, `${tensor.name} is off by ${error}`);
    }
    const hits = expected.logits.filter((row, index) => row.indexOf(Math.max(...row)) === batch.labels[index]).length;
    assertEquals(metrics.correct, hits);
    assertEquals(engine.evaluate(replica.weights, batch), metrics);
  });

  Deno.test(`SimdEngine.gradients() writes 0 to the gaps and nothing beyond its ranges: ${name}`, () => {
    const { layout, engine, vectors, replica, gradients, batch, scratch } = simdFixture(
      { ...base, ...part },
      size,
      length,
    );
    gradients.fill(7);
    const bytes = new Uint8Array(vectors.memory.buffer);
    const before = bytes.slice();
    engine.gradients(replica.weights, batch, gradients, 0);
    for (const { byteOffset, byteLength } of [gradients, scratch]) {
      before.set(bytes.subarray(byteOffset, byteOffset + byteLength), byteOffset);
    }
    assert(bytes.every((byte, index) => byte === before[index]));
    const inTensor = new Uint8Array(layout.size);
    for (const { offset, size } of layout.tensors) inTensor.fill(1, offset, offset + size);
    assert(gradients.every((value, i) => inTensor[i] === 1 || value === 0));
  });
}

Deno.test("SimdEngine.predict() gives float64's softmax to 1e-6", () => {
  for (const classes of [2, 3, 8, 1000]) {
    const { spec, layout, engine, replica, batch } = simdFixture({ ...base, hidden: 10, classes }, 70, 4);
    const probabilities = engine.predict(replica.weights, batch);
    const { logits } = float64Lstm(spec, layout, replica.weights, batch);
    for (const [row, logit] of logits.entries()) {
      const total = logit.reduce((sum, value) => sum + Math.exp(value), 0);
      const expected = logit.map((value) => Math.exp(value) / total);
      assert(relativeError(probabilities.subarray(row * classes, (row + 1) * classes), expected) < 1e-6);
    }
  }
});

Deno.test("SimdEngine.gradients() gives the same bits again, for any content of scratch", () => {
  const { engine, replica, gradients, batch, vectors } = simdFixture(base, 100, 8);
  engine.gradients(replica.weights, batch, gradients, 0);
  const first = gradients.slice();
  const other = createBatch(3, 5, vectors.ints(3 * 7));
  other.tokens.fill(49);
  other.lengths.fill(5);
  engine.gradients(replica.weights, other, gradients, 0);
  engine.gradients(replica.weights, batch, gradients, 0);
  assertEquals(gradients, first);
});

Deno.test("SimdEngine.gradients() lets NaN through to the loss", () => {
  const { engine, replica, gradients, batch } = simdFixture(base, 5, 3);
  replica.weights[batch.tokens[0]! * base.embedding] = NaN;
  assert(Number.isNaN(engine.gradients(replica.weights, batch, gradients, 0).lossSum));
});

Deno.test("SimdEngine.gradients() refuses invalid arguments", () => {
  const { engine, replica, gradients, batch, layout } = simdFixture(base, 5, 3);
  assertThrows(() => engine.gradients(new Float32Array(layout.size), batch, gradients, 0), TypeError, "weights");
  assertThrows(() => engine.gradients(replica.weights, createBatch(5, 3), gradients, 0), TypeError, "batch.labels");
  assertThrows(() => engine.gradients(replica.weights, batch, gradients.subarray(16), 0), RangeError, "out");
  batch.tokens[7] = 50;
  assertThrows(() => engine.gradients(replica.weights, batch, gradients, 0), RangeError, "batch.tokens[7] is 50");
  batch.tokens[7] = -1;
  assertThrows(() => engine.gradients(replica.weights, batch, gradients, 0), RangeError, "batch.tokens[7] is -1");
  batch.tokens[7] = 0;
  batch.labels[4] = 2;
  assertThrows(() => engine.gradients(replica.weights, batch, gradients, 0), RangeError, "batch.labels[4] is 2");
  batch.labels[4] = 0;
  batch.length = 4;
  assertThrows(() => engine.gradients(replica.weights, batch, gradients, 0), RangeError, "at most 5 × 3");
});

Deno.test("SimdEngine.hold() affects only the given weights", () => {
  const { vectors, engine, replica, gradients, batch } = simdFixture(base, 5, 3);
  const other = vectors.floats(replica.weights.map((weight) => weight / 2));
  const of = (weights: Float32Array) => {
    engine.gradients(weights, batch, gradients, 0);
    return gradients.slice();
  };
  const [held, notHeld] = [of(replica.weights), of(other)];
  engine.hold(replica.weights);
  assertEquals(of(other), notHeld);
  assertEquals(of(replica.weights), held);
  engine.evaluate(other, batch);
  assertEquals(of(replica.weights), held);
  assertEquals(of(other), notHeld);
  other.set(replica.weights);
  assertEquals(of(other), held);
});

Deno.test("createSimdEngine() refuses scratch that is too small", () => {
  const { vectors, layout } = simdFixture(base, 5, 3);
  const byteLength = simdScratchBytes(base, 5, 3) - 64;
  const options = { spec: base, layout, adam: adamConstants(1e-8) };
  const size = { maxBatch: 5, maxLength: 3, memory: vectors.memory };
  assertThrows(
    () => createSimdEngine({ ...options, ...size, scratch: { byteOffset: 0, byteLength } }),
    RangeError,
    "scratch",
  );
});

Deno.test("SimdEngine.update() agrees with adamUpdate() to 1e-6, from any element to any other", () => {
  const spec: ModelSpec = { vocabulary: 13, embedding: 5, hidden: 9, classes: 3, lstmBiases: 2, ...ONE_LAYER };
  for (const [begin, end] of [[0, Infinity], [3, 200], [61, 66], [64, 64]] as const) {
    const { layout, engine, replica, gradients, batch } = simdFixture(spec, 7, 6);
    const options = { step: 0, learningRate: 0.01, scale: 0.5, begin, end: Math.min(end, layout.size) };
    const plain = { weights: replica.weights.slice(), m: replica.m.slice(), v: replica.v.slice() };
    for (let step = 1; step <= 5; step++) {
      engine.gradients(replica.weights, batch, gradients, 0);
      adamUpdate(layout, adamConstants(1e-8), plain, gradients, plain, { ...options, step });
      engine.update(replica, gradients, replica, { ...options, step });
    }
    assert(relativeError(replica.m, plain.m) < 1e-6);
    assert(relativeError(replica.v, plain.v) < 1e-6);
    assert(relativeError(replica.weights, plain.weights) < 1e-6);
  }
});

Deno.test("SimdEngine.squaredNorm() agrees with squaredNorm() to 1e-12", () => {
  const spec: ModelSpec = { vocabulary: 13, embedding: 5, hidden: 9, classes: 3, lstmBiases: 2, ...ONE_LAYER };
  const { layout, engine, replica, gradients, batch } = simdFixture(spec, 7, 6);
  engine.gradients(replica.weights, batch, gradients, 0);
  for (const [begin, end] of [[0, layout.size], [3, 500], [61, 66], [64, 64]] as const) {
    const expected = squaredNorm(layout, gradients, begin, end);
    assert(Math.abs(engine.squaredNorm(gradients, begin, end) - expected) <= 1e-12 * expected);
  }
});

Deno.test("SimdEngine.average() is bit-equal to a tree of Math.fround", () => {
  const { engine, vectors: shared } = simdFixture({ ...base, vocabulary: 1000 }, 500, 8);
  const random = new Random(2, Stream.weights);
  const begin = 5, end = 1100, length = 1103;
  for (const shards of [1, 2, 3, 4, 7, 12, 33]) {
    const draw = (count: number) => Array.from({ length: count }, () => random.normal());
    const vectors = Array.from({ length: shards }, () => shared.floats(draw(length)));
    const coefficients = new Float32Array(draw(shards));
    const into = shared.floats(length).fill(7);
    const tree = (low: number, high: number, i: number): number => {
      if (high - low === 1) return Math.fround(coefficients[low]! * vectors[low]![i]!);
      const middle = low + 2 ** (Math.ceil(Math.log2(high - low)) - 1);
      return Math.fround(tree(low, middle, i) + tree(middle, high, i));
    };
    const drift = engine.average({ vectors, coefficients, into, begin, end, drift: true });
    let expectedDrift = 0;
    for (let i = 0; i < length; i++) {
      const inside = i >= begin && i < end;
      assertEquals(into[i], inside ? tree(0, shards, i) : 7);
      if (inside) { for (const vector of vectors) expectedDrift += (vector[i]! - into[i]!) ** 2; }
    }
    assert(Math.abs(drift - expectedDrift) <= 1e-9 * expectedDrift);
    assertEquals(engine.average({ vectors, coefficients, into, begin, end, drift: false }), 0);
  }
});

interface Trace {
  config: { vocab: number; embed: number; hidden: number; length: number; batch: number; classes: number };
  adam: { lr: number };
  initial: Record<string, { shape: number[]; data: number[] }>;
  batches: { tokens: number[][]; labels: number[] }[];
  losses: number[];
  first_logits: number[][];
  first_gradients: Trace["initial"];
  final: Trace["initial"];
}

/** Returns a PyTorch state dict as flat weights: kernels transposed, and the two biases by `bias`. */
function fromPyTorch(
  layout: ParameterLayout,
  state: Trace["initial"],
  bias: (ih: number, hh: number) => number,
): Float32Array {
  const flat = new Float32Array(layout.size);
  const put = (name: string, values: number[]) => tensorView(flat, tensorNamed(layout, name)).set(values);
  const transposed = (name: string) => {
    const { shape: [rows, columns], data } = state[name]!;
    return data.map((_, i) => data[(i % rows!) * columns! + Math.floor(i / rows!)]!);
  };
  put("embedding/embeddings", state["embedding.weight"]!.data);
  put("lstm/kernel", transposed("lstm.weight_ih_l0"));
  put("lstm/recurrent_kernel", transposed("lstm.weight_hh_l0"));
  const hh = state["lstm.bias_hh_l0"]!.data;
  put("lstm/bias", state["lstm.bias_ih_l0"]!.data.map((ih, i) => bias(ih, hh[i]!)));
  put("dense/kernel", transposed("fc.weight"));
  put("dense/bias", state["fc.bias"]!.data);
  return flat;
}

Deno.test("SimdEngine follows PyTorch's trace: gradients to 1e-5, losses and weights to 1e-4", () => {
  const trace: Trace = JSON.parse(
    Deno.readTextFileSync(new URL("../../fixtures/pytorch_trace_small.json", import.meta.url)),
  );
  const { vocab, embed, hidden, classes, batch: size, length } = trace.config;
  const spec: ModelSpec = { vocabulary: vocab, embedding: embed, hidden, classes, lstmBiases: 2, ...ONE_LAYER };
  const { layout, engine, replica, gradients, batch } = simdFixture(spec, size, length);
  replica.weights.set(fromPyTorch(layout, trace.initial, (ih, hh) => ih + hh));
  const load = ({ tokens, labels }: Trace["batches"][number], into: Batch) => {
    into.tokens.set(tokens.flat());
    into.labels.set(labels);
  };
  load(trace.batches[0]!, batch);
  const logits = trace.first_logits.flat();
  const probabilities = engine.predict(replica.weights, batch);
  for (let i = 0; i < logits.length; i += classes) {
    // Softmax ignores a constant, so logits are compared relative to the first of each row.
    for (let c = 1; c < classes; c++) {
      const actual = Math.log(probabilities[i + c]! / probabilities[i]!);
      assert(Math.abs(actual - (logits[i + c]! - logits[i]!)) < 1e-5);
    }
  }
  for (const [index, expected] of trace.losses.entries()) {
    load(trace.batches[index]!, batch);
    const { lossSum } = engine.gradients(replica.weights, batch, gradients, 0);
    assert(Math.abs(lossSum / size - expected) < 1e-4, `step ${index}: ${lossSum / size} for ${expected}`);
    if (index === 0) {
      assert(relativeError(gradients, fromPyTorch(layout, trace.first_gradients, (ih) => ih)) < 1e-5);
    }
    const options = { step: index + 1, learningRate: trace.adam.lr, scale: 1, begin: 0, end: layout.size };
    engine.update(replica, gradients, replica, options);
  }
  const expected = fromPyTorch(layout, trace.final, (ih, hh) => ih + hh);
  for (let i = 0; i < layout.size; i++) assert(Math.abs(replica.weights[i]! - expected[i]!) < 1e-4);
});
