import type { layers, LayersModel } from "@tensorflow/tfjs";
import { type ParameterLayout, tensorView } from "./layout.ts";
import type { ModelSpec } from "./spec.ts";

type Layer = layers.Layer;

/** The module tfjs. Passed in, so that whoever does not need it does not load it. */
export type Tfjs = typeof import("@tensorflow/tfjs");

/** What a model gives for each class. */
export type LayersModelOutput = "logits" | "probabilities";

/**
 * The model as a LayersModel from tokens `[batch, length]`, of any length, to `[batch, classes]`, weights 0, of stock layers alone. They
 * are called as in `parameterLayout`; activations are those of PyTorch and of today's Keras (tfjs's own default is a
 * hard sigmoid). It takes every token as real, so that it is exact for rows without padding; nothing is dropped.
 */
export function buildLayersModel(tf: Tfjs, spec: ModelSpec, output: LayersModelOutput): LayersModel {
  const { layers, pooling } = spec;
  const pooled = { mean: tf.layers.globalAveragePooling1d, max: tf.layers.globalMaxPooling1d };
  return tf.sequential({
    name: "lockstep",
    layers: [
      tf.layers.embedding({
        name: "embedding",
        inputDim: spec.vocabulary,
        outputDim: spec.embedding,
        embeddingsInitializer: ZEROS,
        batchInputShape: [null, null],
      }),
      ...Array.from({ length: layers }, (_, index) => {
        const sequences = index < layers - 1 || pooling !== "last";
        return lstmLayer(tf, spec, index === 0 ? "lstm" : `lstm_${index + 1}`, sequences);
      }),
      ...(pooling === "last" ? [] : [pooled[pooling]({ name: "pooling" })]),
      tf.layers.dense({
        name: "dense",
        units: spec.classes,
        activation: output === "probabilities" ? "softmax" : "linear",
        kernelInitializer: ZEROS,
      }),
    ],
  });
}

/** As all weights are set afterwards and the orthogonal default is slow. */
const ZEROS = "zeros";

/** One layer of LSTMs, in one direction or two; the output of every step or, without `sequences`, of the last. */
function lstmLayer(tf: Tfjs, spec: ModelSpec, name: string, sequences: boolean): Layer {
  const layer = tf.layers.lstm({
    // In two directions tfjs makes `forward_lstm` and `backward_lstm` of it, inside the wrapper's name.
    name: spec.bidirectional ? "lstm" : name,
    units: spec.hidden,
    activation: "tanh",
    recurrentActivation: "sigmoid",
    kernelInitializer: ZEROS,
    recurrentInitializer: ZEROS,
    unitForgetBias: false,
    returnSequences: sequences,
  });
  return spec.bidirectional ? tf.layers.bidirectional({ name, layer, mergeMode: "concat" }) : layer;
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
