/** The model in plain loops and double precision, slow and independent of every engine: the oracle of their tests. */
import type { Batch } from "../../lib/data/batch.ts";
import { type ParameterLayout, tensorNamed } from "../../lib/model/layout.ts";
import type { ModelSpec } from "../../lib/model/spec.ts";

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Logits of row `row` of `batch`, `[classes]`. `weights` may be of either precision. */
export function plainLogits(
  spec: ModelSpec,
  layout: ParameterLayout,
  weights: ArrayLike<number>,
  batch: Batch,
  row: number,
): number[] {
  const { embedding, hidden, classes } = spec;
  const reader = (name: string, columns: number) => {
    const { offset } = tensorNamed(layout, name);
    return (i: number, j: number) => weights[offset + i * columns + j]!;
  };
  const embeddings = reader("embedding/embeddings", embedding);
  const kernel = reader("lstm/kernel", 4 * hidden);
  const recurrentKernel = reader("lstm/recurrent_kernel", 4 * hidden);
  const bias = reader("lstm/bias", 0);
  const denseKernel = reader("dense/kernel", classes);
  const denseBias = reader("dense/bias", 0);

  let h: number[] = Array.from({ length: hidden }, () => 0);
  let c = [...h];
  for (let step = 0; step < batch.lengths[row]!; step++) {
    const token = batch.tokens[row * batch.length + step]!;
    const gate = (column: number): number => {
      let z = bias(0, column);
      for (let i = 0; i < embedding; i++) z += embeddings(token, i) * kernel(i, column);
      for (let i = 0; i < hidden; i++) z += h[i]! * recurrentKernel(i, column);
      return z;
    };
    const cell = c.map((value, unit) =>
      sigmoid(gate(hidden + unit)) * value + sigmoid(gate(unit)) * Math.tanh(gate(2 * hidden + unit))
    );
    h = cell.map((value, unit) => sigmoid(gate(3 * hidden + unit)) * Math.tanh(value));
    c = cell;
  }
  return Array.from({ length: classes }, (_, k) => {
    let logit = denseBias(0, k);
    for (let i = 0; i < hidden; i++) logit += h[i]! * denseKernel(i, k);
    return logit;
  });
}

/** Class probabilities of a row with these logits. */
export function plainSoftmax(logits: readonly number[]): number[] {
  const exponentials = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}

/** Sum of the cross-entropies of `batch`. */
export function plainLossSum(
  spec: ModelSpec,
  layout: ParameterLayout,
  weights: ArrayLike<number>,
  batch: Batch,
): number {
  let sum = 0;
  for (let row = 0; row < batch.size; row++) {
    sum -= Math.log(plainSoftmax(plainLogits(spec, layout, weights, batch, row))[batch.labels[row]!]!);
  }
  return sum;
}

/** Gradient of the mean cross-entropy by central differences; good to about 1e-9. Gaps are 0. */
export function finiteDifferences(
  spec: ModelSpec,
  layout: ParameterLayout,
  weights: Float32Array,
  batch: Batch,
): Float64Array {
  const epsilon = 1e-5;
  const moved = Float64Array.from(weights);
  const gradients = new Float64Array(layout.size);
  for (const { offset, size } of layout.tensors) {
    for (let i = offset; i < offset + size; i++) {
      const value = moved[i]!;
      moved[i] = value + epsilon;
      const above = plainLossSum(spec, layout, moved, batch);
      moved[i] = value - epsilon;
      const below = plainLossSum(spec, layout, moved, batch);
      moved[i] = value;
      gradients[i] = (above - below) / (2 * epsilon * batch.size);
    }
  }
  return gradients;
}
