import type { LayersModel } from "@tensorflow/tfjs";
import { type ParameterLayout, tensorView } from "./layout.ts";
import type { ModelSpec } from "./spec.ts";

/** The module tfjs. Passed in, so that whoever does not need it does not load it. */
export type Tfjs = typeof import("@tensorflow/tfjs");

export interface LayersModelOptions {
  /** What the model gives for each class. */
  readonly output: "logits" | "probabilities";
  /** Time steps of the input; any number if left out. */
  readonly length?: number;
}

/**
 * The model as a LayersModel from tokens `[batch, length]` to `[batch, classes]`, weights 0. The layers are called as
 * in `parameterLayout`; activations are those of PyTorch and of today's Keras (tfjs's own default is a hard sigmoid).
 */
export function buildLayersModel(tf: Tfjs, spec: ModelSpec, { output, length }: LayersModelOptions): LayersModel {
  // Zeros, as all weights are set afterwards and the orthogonal default is slow.
  const zeros = "zeros";
  return tf.sequential({
    name: "lockstep",
    layers: [
      tf.layers.embedding({
        name: "embedding",
        inputDim: spec.vocabulary,
        outputDim: spec.embedding,
        embeddingsInitializer: zeros,
        batchInputShape: [null, length ?? null],
      }),
      tf.layers.lstm({
        name: "lstm",
        units: spec.hidden,
        activation: "tanh",
        recurrentActivation: "sigmoid",
        kernelInitializer: zeros,
        recurrentInitializer: zeros,
        unitForgetBias: false,
      }),
      tf.layers.dense({
        name: "dense",
        units: spec.classes,
        activation: output === "probabilities" ? "softmax" : "linear",
        kernelInitializer: zeros,
      }),
    ],
  });
}

/** Copies the flat vector to the model's weights, by name. Throws a RangeError if the model has other weights. */
export function setModelWeights(tf: Tfjs, model: LayersModel, layout: ParameterLayout, weights: Float32Array): void {
  const variables = variablesByName(model, layout);
  tf.tidy(() => {
    for (const [i, tensor] of layout.tensors.entries()) {
      // A copy: tfjs may keep the array, and the vector goes on changing.
      variables[i]!.write(tf.tensor(tensorView(weights, tensor).slice(), [...tensor.shape]));
    }
  });
}

/** The model's weights as a flat vector, gaps 0. Throws a RangeError if the model has other weights. */
export function modelWeights(model: LayersModel, layout: ParameterLayout): Float32Array {
  const weights = new Float32Array(layout.size);
  const variables = variablesByName(model, layout);
  for (const [i, tensor] of layout.tensors.entries()) {
    tensorView(weights, tensor).set(variables[i]!.read().dataSync());
  }
  return weights;
}

/** The model's variables in the order of `layout`. Their `name`s carry a counter after the first model; these do not. */
function variablesByName(model: LayersModel, layout: ParameterLayout): LayersModel["weights"] {
  const byName = new Map(model.weights.map((variable) => [variable.originalName, variable]));
  return layout.tensors.map(({ name, shape }) => {
    const variable = byName.get(name);
    if (!variable || variable.shape.join() !== shape.join()) {
      const found = variable ? `one of [${variable.shape}]` : [...byName.keys()].join(", ");
      throw new RangeError(`The model needs a weight "${name}" of [${shape}], but has ${found}`);
    }
    return variable;
  });
}
