/** Writes and reads the model as a LayersModel of TensorFlow.js, of stock layers, without loading that library. */
import { z } from "zod";
import { type ParameterLayout, tensorView } from "../layout.ts";
import type { ModelSpec } from "../spec.ts";
import { checkFinite } from "./finite.ts";

/** The files of a LayersModel, by name. */
type LayersModelFiles = Readonly<Record<"model.json" | "weights.bin", Uint8Array<ArrayBuffer>>>;

/**
 * Encodes the model as a standard LayersModel, which `tf.loadLayersModel` loads: tokens `[batch, length]` in, of any
 * length, probabilities `[batch, classes]` out. It takes every token as real, so that it is exact for rows without padding;
 * nothing is dropped. It knows no letters: behind the vectors of tokens its embedding has those of letters, which no token
 * selects.
 */
export function saveLayersModel(spec: ModelSpec, layout: ParameterLayout, weights: Float32Array): LayersModelFiles {
  const config = { name: "lockstep", layers: layersOf(spec) };
  const json = {
    modelTopology: {
      class_name: "Sequential",
      config,
      keras_version: "tfjs-layers 4.22.0",
      backend: "tensor_flow.js",
    },
    format: "layers-model",
    generatedBy: "Lockstep",
    convertedBy: null,
    weightsManifest: [{
      paths: ["weights.bin"],
      weights: layout.tensors.map(({ name, shape }) => ({ name, shape, dtype: "float32" })),
    }],
  };
  const values = new Float32Array(layout.parameters);
  let first = 0;
  for (const tensor of layout.tensors) {
    values.set(tensorView(weights, tensor), first);
    first += tensor.size;
  }
  return { "model.json": new TextEncoder().encode(JSON.stringify(json)), "weights.bin": new Uint8Array(values.buffer) };
}

/** A layer as tfjs writes it. */
interface LayerJson {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** The initial values of all weights, as a loader replaces them and the orthogonal default is slow. */
const ZEROS = { class_name: "Zeros", config: {} };

const UNBOUND = {
  kernel_regularizer: null,
  bias_regularizer: null,
  activity_regularizer: null,
  kernel_constraint: null,
  bias_constraint: null,
};

function layer(className: string, name: string, config: LayerJson["config"] = {}): LayerJson {
  return { class_name: className, config: { name, trainable: true, ...config } };
}

/** Lists the layers, with the names of `parameterLayout`. */
function layersOf(spec: ModelSpec): LayerJson[] {
  const { layers, pooling } = spec;
  const pooled = { mean: "GlobalAveragePooling1D", max: "GlobalMaxPooling1D" };
  return [
    layer("Embedding", "embedding", {
      input_dim: spec.vocabulary + spec.letterRows,
      output_dim: spec.embedding,
      embeddings_initializer: ZEROS,
      embeddings_regularizer: null,
      activity_regularizer: null,
      embeddings_constraint: null,
      mask_zero: null,
      input_length: null,
      batch_input_shape: [null, null],
      dtype: "float32",
    }),
    ...Array.from({ length: layers }, (_, index) => {
      const sequences = index < layers - 1 || pooling !== "last";
      return lstmLayer(spec, index === 0 ? "lstm" : `lstm_${index + 1}`, sequences);
    }),
    ...(pooling === "last" ? [] : [layer(pooled[pooling], "pooling")]),
    layer("Dense", "dense", {
      units: spec.classes,
      activation: spec.labels === "many" ? "sigmoid" : "softmax",
      use_bias: true,
      kernel_initializer: ZEROS,
      bias_initializer: ZEROS,
      ...UNBOUND,
    }),
  ];
}

/**
 * Describes one layer of LSTMs, in one direction or two; with the output of every step or, without `sequences`, of the last.
 * The activations are those of PyTorch and of today's Keras; tfjs's own default is a hard sigmoid.
 */
function lstmLayer(spec: ModelSpec, name: string, sequences: boolean): LayerJson {
  // In two directions tfjs makes `forward_lstm` and `backward_lstm` of it, inside the wrapper's name.
  const lstm = layer("LSTM", spec.bidirectional ? "lstm" : name, {
    units: spec.hidden,
    activation: "tanh",
    recurrent_activation: "sigmoid",
    use_bias: true,
    kernel_initializer: ZEROS,
    recurrent_initializer: ZEROS,
    bias_initializer: ZEROS,
    unit_forget_bias: false,
    ...UNBOUND,
    recurrent_regularizer: null,
    recurrent_constraint: null,
    dropout: 0,
    recurrent_dropout: 0,
    implementation: null,
    return_sequences: sequences,
    return_state: false,
    go_backwards: false,
    stateful: false,
    unroll: false,
  });
  return spec.bidirectional ? layer("Bidirectional", name, { merge_mode: "concat", layer: lstm }) : lstm;
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
    checkFinite(tensor.name, values);
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
