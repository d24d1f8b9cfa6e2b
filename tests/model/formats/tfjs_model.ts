/** Builds the model by the library TensorFlow.js itself: what lib/model/formats/layers_model.ts writes must equal it. */
import * as tf from "@tensorflow/tfjs";
import type { layers, LayersModel } from "@tensorflow/tfjs";
import { type ParameterLayout, tensorView } from "../../../lib/model/layout.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";

type Layer = layers.Layer;

/**
 * Builds a LayersModel from tokens `[batch, length]`, of any length, to probabilities `[batch, classes]`, with weights 0.
 * Its stock layers have the names of `parameterLayout` and the activations of PyTorch and of today's Keras (tfjs's own
 * default is a hard sigmoid). It takes every token as real, so that it is exact for rows without padding; nothing is
 * dropped.
 */
export function buildLayersModel(spec: ModelSpec): LayersModel {
  const { layers, pooling } = spec;
  const pooled = { mean: tf.layers.globalAveragePooling1d, max: tf.layers.globalMaxPooling1d };
  return tf.sequential({
    name: "lockstep",
    layers: [
      tf.layers.embedding({
        name: "embedding",
        inputDim: spec.vocabulary + spec.letterRows,
        outputDim: spec.embedding,
        embeddingsInitializer: ZEROS,
        batchInputShape: [null, null],
      }),
      ...Array.from({ length: layers }, (_, index) => {
        const sequences = index < layers - 1 || pooling !== "last";
        return lstmLayer(spec, index === 0 ? "lstm" : `lstm_${index + 1}`, sequences);
      }),
      ...(pooling === "last" ? [] : [pooled[pooling]({ name: "pooling" })]),
      tf.layers.dense({
        name: "dense",
        units: spec.classes,
        activation: "softmax",
        kernelInitializer: ZEROS,
      }),
    ],
  });
}

/** As all weights are set afterwards and the orthogonal default is slow. */
const ZEROS = "zeros";

/** One layer of LSTMs, in one direction or two; the output of every step or, without `sequences`, of the last. */
function lstmLayer(spec: ModelSpec, name: string, sequences: boolean): Layer {
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
export function setModelWeights(model: LayersModel, layout: ParameterLayout, weights: Float32Array): void {
  const variables = variablesByName(model, layout);
  tf.tidy(() => {
    for (const [i, tensor] of layout.tensors.entries()) {
      // A copy: tfjs may keep the array, and the vector continues to change.
      variables[i]!.write(tf.tensor(tensorView(weights, tensor).slice(), [...tensor.shape]));
    }
  });
}

/** Returns the model's variables in the order of `layout`, by their original names: a `name` has a counter after the first model. */
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
