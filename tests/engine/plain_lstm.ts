/** Computes the model in plain loops and double precision, slowly and without any engine: the oracle of their tests. */
import type { Batch } from "../../lib/data/batches/batch.ts";
import { type ParameterLayout, tensorNamed } from "../../lib/model/layout.ts";
import type { ModelSpec } from "../../lib/model/spec.ts";
import { Stream, threefry2x32 } from "../../lib/base/numbers/random.ts";

/** Selects the values that a training step drops. */
interface PlainDropout {
  readonly rate: number;
  readonly seed: number;
  readonly draw: number;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const zeros = (length: number): number[] => new Array<number>(length).fill(0);

/** Returns the factor of `element` of `area`, 0 or 1 / (1 - rate), from the generator's block itself. */
export function plainFactor(dropout: PlainDropout | undefined, area: number, element: number): number {
  if (!dropout) return 1;
  const { rate, seed, draw } = dropout;
  const item = draw * 16 + area;
  if (item >= 2 ** 32) throw new RangeError("The oracle takes draws below 2^28");
  const words = new Uint32Array(2);
  threefry2x32(seed, Stream.dropout, item, Math.floor(element / 2), words);
  return words[element % 2]! >= Math.round(rate * 2 ** 32) ? 1 / (1 - rate) : 0;
}

/** Returns the logits of row `row` of `batch`, `[classes]`. `weights` may have either precision. */
export function plainLogits(
  spec: ModelSpec,
  layout: ParameterLayout,
  weights: ArrayLike<number>,
  batch: Batch,
  row: number,
  dropout?: PlainDropout,
): number[] {
  const { embedding, hidden, classes } = spec;
  const reader = (name: string, columns: number) => {
    const { offset } = tensorNamed(layout, name);
    return (i: number, j: number) => weights[offset + i * columns + j]!;
  };

  /** Returns the outputs of the LSTM `name` after each of `inputs`, `[inputs.length][hidden]`. */
  function lstm(name: string, inputs: readonly number[][]): number[][] {
    const width = 4 * hidden;
    const offsetOf = (part: string) => tensorNamed(layout, `${name}/${part}`).offset;
    const [kernel, recurrentKernel, bias] = [offsetOf("kernel"), offsetOf("recurrent_kernel"), offsetOf("bias")];
    let h = zeros(hidden);
    let c = zeros(hidden);
    return inputs.map((x) => {
      const gate = (column: number): number => {
        let z = weights[bias + column]!;
        for (let i = 0; i < x.length; i++) z += x[i]! * weights[kernel + i * width + column]!;
        for (let i = 0; i < hidden; i++) z += h[i]! * weights[recurrentKernel + i * width + column]!;
        return z;
      };
      const cell = c.map((value, unit) =>
        sigmoid(gate(hidden + unit)) * value + sigmoid(gate(unit)) * Math.tanh(gate(2 * hidden + unit))
      );
      h = cell.map((value, unit) => sigmoid(gate(3 * hidden + unit)) * Math.tanh(value));
      c = cell;
      return h;
    });
  }

  const embeddings = reader("embedding/embeddings", embedding);
  /** Returns component `i` of a token's vector, which may be made of several rows. */
  const component = (token: number, i: number): number => {
    if (!batch.vectors) return embeddings(token, i);
    const { offsets, rows } = batch.vectors;
    const [own, ...others] = rows.subarray(offsets[token], offsets[token + 1]);
    const sum = others.reduce((total, other) => total + embeddings(other, i), 0);
    return embeddings(own!, i) + (others.length > 0 ? sum / others.length : 0);
  };
  const start = row * batch.length;
  const tokens = [...batch.tokens.subarray(start, start + batch.lengths[row]!)];
  // [time][width] of the real tokens, without padding.
  let outputs = tokens.map((token) =>
    zeros(embedding).map((_, i) => component(token, i) * plainFactor(dropout, 0, token * embedding + i))
  );
  for (let layer = 1; layer <= spec.layers; layer++) {
    if (layer > 1) {
      outputs = outputs.map((output, time) =>
        output.map((value, i) => value * plainFactor(dropout, layer - 1, (start + time) * output.length + i))
      );
    }
    const name = layer === 1 ? "lstm" : `lstm_${layer}`;
    if (spec.bidirectional) {
      const forward = lstm(`${name}/forward_lstm`, outputs);
      const backward = lstm(`${name}/backward_lstm`, outputs.toReversed()).toReversed();
      outputs = forward.map((output, time) => [...output, ...backward[time]!]);
    } else {
      outputs = lstm(name, outputs);
    }
  }
  const pooled = pool(spec, outputs).map((value, i, { length }) => value * plainFactor(dropout, 8, row * length + i));
  const denseKernel = reader("dense/kernel", classes);
  const denseBias = reader("dense/bias", 0);
  return zeros(classes).map((_, k) =>
    pooled.reduce((logit, value, i) => logit + value * denseKernel(i, k), denseBias(0, k))
  );
}

/** Pools `outputs`, `[time][width]`, to the input of the dense layer. */
function pool({ pooling, hidden }: ModelSpec, outputs: readonly number[][]): number[] {
  const [first, last] = [outputs[0]!, outputs.at(-1)!];
  return last.map((value, i) => {
    const overTime = outputs.map((output) => output[i]!);
    switch (pooling) {
      case "last": // The backward half ends at position 0.
        return i < hidden ? value : first[i]!;
      case "mean":
        return overTime.reduce((sum, output) => sum + output, 0) / overTime.length;
      case "max":
        return Math.max(...overTime);
    }
  });
}

/** Returns the class probabilities of a row with these logits. */
export function plainSoftmax(logits: readonly number[]): number[] {
  const exponentials = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}

/** Returns the class probabilities `[batch.size, classes]`, row-major. */
export function plainProbabilities(
  spec: ModelSpec,
  layout: ParameterLayout,
  weights: ArrayLike<number>,
  batch: Batch,
): number[] {
  const rows = Array.from({ length: batch.size }, (_, row) => plainLogits(spec, layout, weights, batch, row));
  return rows.flatMap(spec.labels === "many" ? (logits) => logits.map(sigmoid) : plainSoftmax);
}

/** Returns the sum of the cross-entropies of `batch`. */
export function plainLossSum(
  spec: ModelSpec,
  layout: ParameterLayout,
  weights: ArrayLike<number>,
  batch: Batch,
  dropout?: PlainDropout,
): number {
  let sum = 0;
  for (let row = 0; row < batch.size; row++) {
    const logits = plainLogits(spec, layout, weights, batch, row, dropout);
    if (spec.labels === "many") {
      const own = new Set(batch.labels.subarray(batch.labelOffsets![row], batch.labelOffsets![row + 1]));
      for (const [k, logit] of logits.entries()) sum -= Math.log(sigmoid(own.has(k) ? logit : -logit));
    } else sum -= Math.log(plainSoftmax(logits)[batch.labels[row]!]!);
  }
  return sum;
}

/** Returns the gradient of the mean cross-entropy by central differences, accurate to about 1e-9. Gaps are 0. */
export function finiteDifferences(
  spec: ModelSpec,
  layout: ParameterLayout,
  weights: Float32Array,
  batch: Batch,
  dropout?: PlainDropout,
): Float64Array {
  return finiteDifferencesOf((at) => plainLossSum(spec, layout, at, batch, dropout) / batch.size, layout, weights);
}

/** Does the same for any `loss` of the weights. */
export function finiteDifferencesOf(
  loss: (weights: Float64Array) => number,
  layout: ParameterLayout,
  weights: Float32Array,
): Float64Array {
  const epsilon = 1e-5;
  const moved = Float64Array.from(weights);
  const gradients = new Float64Array(layout.size);
  for (const { offset, size } of layout.tensors) {
    for (let i = offset; i < offset + size; i++) {
      const value = moved[i]!;
      moved[i] = value + epsilon;
      const above = loss(moved);
      moved[i] = value - epsilon;
      const below = loss(moved);
      moved[i] = value;
      gradients[i] = (above - below) / (2 * epsilon);
    }
  }
  return gradients;
}
