/** Builds, saves and reads the model as a LayersModel of TensorFlow.js, of stock layers. */
import type { io, layers, LayersModel } from "@tensorflow/tfjs";
import { z } from "zod";
import { type ParameterLayout, tensorView } from "../layout.ts";
import type { ModelSpec } from "../spec.ts";

type Layer = layers.Layer;

/** The module tfjs. It is passed in, so that a program without it does not load it. */
export type Tfjs = typeof import("@tensorflow/tfjs");

/**
 * Builds a LayersModel from tokens `[batch, length]`, of any length, to probabilities `[batch, classes]`, with weights 0.
 * Its stock layers have the names of `parameterLayout` and the activations of PyTorch and of today's Keras (tfjs's own
 * default is a hard sigmoid). It takes every token as real, so that it is exact for rows without padding; nothing is
 * dropped.
 */
export function buildLayersModel(tf: Tfjs, spec: ModelSpec): LayersModel {
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
        activation: "softmax",
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

/** The files of a LayersModel, by name. */
type LayersModelFiles = Readonly<Record<"model.json" | "weights.bin", Uint8Array<ArrayBuffer>>>;

/**
 * Encodes the model as a standard LayersModel, which `tf.loadLayersModel` loads: tokens `[batch, length]` in, of any
 * length, probabilities `[batch, classes]` out. Loads tfjs.
 */
export async function saveLayersModel(
  spec: ModelSpec,
  layout: ParameterLayout,
  weights: Float32Array,
): Promise<LayersModelFiles> {
  const tf = await import("@tensorflow/tfjs");
  tf.enableProdMode();
  // An engine may have set its backend in this thread already.
  if (!tf.getBackend()) await tf.setBackend("cpu");
  const model = buildLayersModel(tf, spec);
  try {
    setModelWeights(tf, model, layout, weights);
    const { promise, resolve } = Promise.withResolvers<io.ModelArtifacts>();
    await model.save(tf.io.withSaveHandler((artifacts) => {
      resolve(artifacts);
      return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) });
    }));
    const { weightData, weightSpecs, ...rest } = await promise;
    const json = { ...rest, weightsManifest: [{ paths: ["weights.bin"], weights: weightSpecs }] };
    return {
      "model.json": new TextEncoder().encode(JSON.stringify(json)),
      "weights.bin": new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)),
    };
  } finally {
    model.dispose();
  }
}

/** The properties that are read from a `model.json` in the format of tfjs. */
const modelJson = z.object({
  weightsManifest: z.array(z.object({
    weights: z.array(z.object({
      name: z.string(),
      shape: z.array(z.int().nonnegative()),
      dtype: z.literal("float32"),
      quantization: z.undefined().optional(),
    })),
  })),
});

interface SavedTensor {
  readonly shape: readonly number[];
  /** The first byte in `weights.bin`. */
  readonly offset: number;
}

/**
 * Reads the flat vector of a saved LayersModel, gaps 0, without loading tfjs. `weightsBin` has the tensors of the manifest
 * one after the other, float32 little-endian. Throws a RangeError if the files are damaged or of another model.
 */
export function readSavedWeights(json: Uint8Array, weightsBin: Uint8Array, layout: ParameterLayout): Float32Array {
  const saved = tensorsOf(json, weightsBin.length);
  const weights = new Float32Array(layout.size);
  const bytes = new DataView(weightsBin.buffer, weightsBin.byteOffset, weightsBin.byteLength);
  for (const tensor of layout.tensors) {
    const source = saved.get(tensor.name);
    if (!source) {
      throw new RangeError(`Cannot read model.json: no tensor "${tensor.name}" among ${[...saved.keys()].join(", ")}`);
    }
    if (source.shape.join() !== tensor.shape.join()) {
      throw new RangeError(
        `Cannot read model.json: tensor "${tensor.name}" is [${source.shape}], expected [${tensor.shape}]`,
      );
    }
    const values = tensorView(weights, tensor);
    for (let i = 0; i < values.length; i++) values[i] = bytes.getFloat32(source.offset + 4 * i, true);
  }
  return weights;
}

function tensorsOf(json: Uint8Array, bytes: number): Map<string, SavedTensor> {
  const { weightsManifest } = parseModelJson(json);
  const tensors = new Map<string, SavedTensor>();
  let offset = 0;
  for (const { name, shape } of weightsManifest.flatMap((group) => group.weights)) {
    tensors.set(name, { shape, offset });
    offset += 4 * shape.reduce((product, extent) => product * extent, 1);
  }
  if (offset !== bytes) throw new RangeError(`Cannot read weights.bin: it has ${bytes} bytes, expected ${offset}`);
  return tensors;
}

function parseModelJson(json: Uint8Array): z.infer<typeof modelJson> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(json));
  } catch (cause) {
    throw new RangeError("Cannot read model.json: it is not JSON", { cause });
  }
  const parsed = modelJson.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new RangeError(`Cannot read model.json: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  return parsed.data;
}
