/**
 * The model's forward pass as a tfjs graph. It computes what the LayersModel computes, in fewer and larger products:
 * all time steps' inputs at once, and gradients that never take the wasm backend's slow path.
 */
import type { Tensor, Tensor1D } from "@tensorflow/tfjs";
import type { Batch } from "../data/batch.ts";
import type { Tfjs } from "../model/layers_model.ts";

/** The parameters in the order of `parameterLayout`. */
export type Parameters = readonly [
  embeddings: Tensor, // [vocabulary, embedding]
  kernel: Tensor, // [embedding, 4 * hidden]
  recurrentKernel: Tensor, // [hidden, 4 * hidden]
  bias: Tensor, // [4 * hidden]
  denseKernel: Tensor, // [hidden, classes]
  denseBias: Tensor, // [classes]
];

/** Tokens of `batch`, time-major, `[length * size]`: each time step's inputs lie together. */
export function timeMajorTokens(tf: Tfjs, { tokens, size, length }: Batch): Tensor1D {
  const transposed = new Int32Array(length * size);
  for (let row = 0; row < size; row++) {
    for (let step = 0; step < length; step++) transposed[step * size + row] = tokens[row * length + step]!;
  }
  return tf.tensor1d(transposed, "int32");
}

/** Logits `[size, classes]` after `length` time steps over `tokens`, which are time-major. */
export function forward(tf: Tfjs, parameters: Parameters, tokens: Tensor1D, length: number): Tensor {
  const [embeddings, kernel, recurrentKernel, bias, denseKernel, denseBias] = parameters;
  const multiply = product(tf);
  const inputs = tf.add(multiply(tf.gather(embeddings, tokens), kernel), bias); // [length * size, 4 * hidden]
  let hidden: Tensor | undefined; // [size, hidden]
  let cell: Tensor | undefined; // [size, hidden]
  // A split in one part has a broken gradient in tfjs.
  for (const input of length === 1 ? [inputs] : tf.split(inputs, length, 0)) {
    // State is 0 before the first step: nothing recurs, and nothing is there to forget.
    const gates = hidden ? tf.add(input, multiply(hidden, recurrentKernel)) : input;
    const [inputGate, forgetGate, candidate, outputGate] = quarters(tf, gates);
    const written = tf.mul(tf.sigmoid(inputGate), tf.tanh(candidate));
    cell = cell ? tf.add(tf.mul(tf.sigmoid(forgetGate), cell), written) : written;
    hidden = tf.mul(tf.sigmoid(outputGate), tf.tanh(cell));
  }
  if (!hidden) throw new RangeError(`Cannot classify sequences of length ${length}: expected at least 1`);
  return tf.add(multiply(hidden, denseKernel), denseBias);
}

function quarters(tf: Tfjs, gates: Tensor): [Tensor, Tensor, Tensor, Tensor] {
  const [first, second, third, fourth] = tf.split(gates, 4, 1);
  if (!first || !second || !third || !fourth) throw new RangeError(`Cannot split [${gates.shape}] in four`);
  return [first, second, third, fourth];
}

/**
 * Matrix product whose gradients transpose first and multiply then. tfjs's own gradients ask for a product of
 * transposed matrices, for which the wasm backend has a plain loop in place of its fast kernel; a step takes nearly three times as long.
 */
function product(tf: Tfjs): (left: Tensor, right: Tensor) => Tensor {
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
