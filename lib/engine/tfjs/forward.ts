/**
 * Builds the model's forward pass as a tfjs graph: read this first to learn what the model computes. The result is that of
 * the LayersModel, in fewer and larger products: the inputs of a layer at all time steps at once, and gradients that never
 * take the wasm backend's slow path. Everything is time-major: position `t · size + row`.
 */
import type { Tensor } from "@tensorflow/tfjs";
import type { Batch } from "../../data/batches/batch.ts";
import type { Tfjs } from "./backend.ts";
import { LSTM_GATES, type LstmCell, lstmCells } from "../../model/layout.ts";
import type { ModelSpec } from "../../model/spec.ts";
import { inputArea } from "../dropout.ts";
import { type StepMasks, timeMajorTokens } from "./masks.ts";

/** Returns a parameter of the model by its name in the layout. */
export type Parameters = (name: string) => Tensor;

/** Holds the factors of new and old state, `[size, 1]` each: 1 and 0 at a row's real tokens, 0 and 1 in its padding. */
interface TimeStep {
  readonly real: Tensor;
  readonly padding: Tensor;
}

/** Returns the logits `[size, classes]` of `batch`, with values dropped by `masks`. */
export function forward(tf: Tfjs, spec: ModelSpec, parameters: Parameters, batch: Batch, masks?: StepMasks): Tensor {
  const { size, length } = batch;
  const multiply = product(tf);
  const steps = timeSteps(tf, batch);
  let inputs: Tensor = tf.gather(parameters("embedding/embeddings"), timeMajorTokens(tf, batch)); // [length * size, width]
  if (masks) inputs = tf.mul(inputs, masks.embedding());
  let outputs: Tensor[] = []; // [length] of [size, width]
  for (let layer = 1; layer <= spec.layers; layer++) {
    if (layer > 1) inputs = length === 1 ? outputs[0]! : tf.concat(outputs, 0);
    if (layer > 1 && masks) inputs = tf.mul(inputs, masks.inputs(inputArea(layer), inputs.shape[1]!));
    const directions = lstmCells(spec).filter((cell) => cell.layer === layer);
    const each = directions.map((cell) => lstm(tf, multiply, cell, parameters, inputs, steps, length));
    const [first, second] = each;
    outputs = second ? first!.map((output, t) => tf.concat([output, second[t]!], 1)) : first!;
  }
  let pooled = pool(tf, spec, batch, outputs, steps); // [size, width]
  if (masks) pooled = tf.mul(pooled, masks.pooled(size, pooled.shape[1]!));
  return tf.add(multiply(pooled, parameters("dense/kernel")), parameters("dense/bias"));
}

type Product = (left: Tensor, right: Tensor) => Tensor;

/** Returns the outputs of one LSTM over `inputs`, `[length]` of `[size, hidden]`, each at its own position. */
function lstm(
  tf: Tfjs,
  multiply: Product,
  { name, backward }: LstmCell,
  parameters: Parameters,
  inputs: Tensor,
  steps: readonly TimeStep[] | undefined,
  length: number,
): Tensor[] {
  const recurrentKernel = parameters(`${name}/recurrent_kernel`);
  const projected = tf.add(multiply(inputs, parameters(`${name}/kernel`)), parameters(`${name}/bias`));
  // The gradient of a split into one part is broken in tfjs.
  const byTime = length === 1 ? [projected] : tf.split(projected, length, 0); // [size, 4 * hidden] each
  const outputs: Tensor[] = [];
  let hidden: Tensor | undefined; // [size, hidden]
  let cell: Tensor | undefined; // [size, hidden]
  for (let step = 0; step < length; step++) {
    const t = backward ? length - 1 - step : step;
    // State is 0 before the first step, so that there is no recurrent product and nothing to forget.
    const gates: Tensor = hidden ? tf.add(byTime[t]!, multiply(hidden, recurrentKernel)) : byTime[t]!;
    const [inputGate, forgetGate, candidate, outputGate] = quarters(tf, gates);
    const written: Tensor = tf.mul(tf.sigmoid(inputGate), tf.tanh(candidate));
    const nextCell: Tensor = cell ? tf.add(tf.mul(tf.sigmoid(forgetGate), cell), written) : written;
    const nextHidden: Tensor = tf.mul(tf.sigmoid(outputGate), tf.tanh(nextCell));
    hidden = carried(tf, steps?.[t], nextHidden, hidden);
    cell = carried(tf, steps?.[t], nextCell, cell);
    outputs[t] = hidden;
  }
  return outputs;
}

/** Returns the state after a step: `next` where the token is real, `before` (0 at first) in padding. */
function carried(tf: Tfjs, step: TimeStep | undefined, next: Tensor, before: Tensor | undefined): Tensor {
  if (!step) return next;
  const kept = tf.mul(step.real, next);
  return before ? tf.add(kept, tf.mul(step.padding, before)) : kept;
}

/** Returns the dense layer's input, `[size, width]`. */
function pool(
  tf: Tfjs,
  { pooling, bidirectional, hidden }: ModelSpec,
  batch: Batch,
  outputs: readonly Tensor[],
  steps: readonly TimeStep[] | undefined,
): Tensor {
  const { size, length, lengths } = batch;
  switch (pooling) {
    case "last": {
      // Padding keeps the state, so the last output is the one after the last real token.
      const last = outputs[length - 1]!;
      if (!bidirectional || length === 1) return last;
      const forward = tf.slice(last, [0, 0], [size, hidden]);
      return tf.concat([forward, tf.slice(outputs[0]!, [0, hidden], [size, hidden])], 1);
    }
    case "mean": {
      const real = outputs.map((output, t) => steps ? tf.mul(output, steps[t]!.real) : output);
      const shares = Float32Array.from(lengths.subarray(0, size), (count) => 1 / count);
      return tf.mul(real.reduce((sum, output) => tf.add(sum, output)), tf.tensor2d(shares, [size, 1]));
    }
    case "max": {
      // -2 is below every output, which lies within ±1.
      const real = outputs.map((output, t) => {
        const step = steps?.[t];
        return step ? tf.sub(tf.mul(output, step.real), tf.mul(step.padding, 2)) : output;
      });
      return real.reduce((most, output) => tf.maximum(most, output));
    }
  }
}

/** Returns for each time step which rows are padded; undefined if none is. Throws a RangeError for an impossible length. */
function timeSteps(tf: Tfjs, { size, length, lengths }: Batch): TimeStep[] | undefined {
  let padded = false;
  for (let row = 0; row < size; row++) {
    const real = lengths[row]!;
    if (real < 1 || real > length) throw new RangeError(`batch.lengths[${row}] is ${real}: expected 1 to ${length}`);
    padded ||= real < length;
  }
  if (!padded) return undefined;
  return Array.from({ length }, (_, t) => {
    const real = tf.tensor2d(Float32Array.from(lengths.subarray(0, size), (count) => t < count ? 1 : 0), [size, 1]);
    return { real, padding: tf.sub(1, real) };
  });
}

function quarters(tf: Tfjs, gates: Tensor): [Tensor, Tensor, Tensor, Tensor] {
  const [first, second, third, fourth] = tf.split(gates, LSTM_GATES, 1);
  if (!first || !second || !third || !fourth) throw new RangeError(`Cannot split [${gates.shape}] in four`);
  return [first, second, third, fourth];
}

/**
 * Returns a matrix product whose gradients transpose first and multiply afterwards. tfjs's own gradients multiply transposed
 * matrices, for which the wasm backend has a plain loop instead of its fast kernel: a step takes nearly three times as long.
 */
function product(tf: Tfjs): Product {
  return tf.customGrad((left, right, save) => {
    if (!(left instanceof tf.Tensor) || !(right instanceof tf.Tensor) || typeof save !== "function") {
      throw new TypeError("A product takes two tensors");
    }
    save([left, right]);
    return {
      value: tf.matMul(left, right),
      gradFunc: (gradient: Tensor, saved: Tensor[]): Tensor[] => {
        const [a, b] = [saved[0]!, saved[1]!];
        return [tf.matMul(gradient, tf.transpose(b)), tf.matMul(tf.transpose(a), gradient)];
      },
    };
  });
}
