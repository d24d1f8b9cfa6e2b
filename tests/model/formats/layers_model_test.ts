import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { readSavedWeights, saveLayersModel } from "../../../lib/model/formats/layers_model.ts";
import { type ParameterLayout, parameterLayout, tensorView } from "../../../lib/model/layout.ts";
import { initialWeights } from "../../../lib/model/initial.ts";
import { assertClose } from "../../engine/close.ts";
import { example } from "../../engine/contract/example.ts";
import { plainLogits, plainSoftmax } from "../../engine/plain_lstm.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { ONE_LAYER } from "../one_layer.ts";
import { buildLayersModel, setModelWeights } from "./tfjs_model.ts";

const spec = { vocabulary: 9, embedding: 5, hidden: 7, classes: 3, lstmBiases: 2, ...ONE_LAYER } as const;
const layout = parameterLayout(spec);
const weights = initialWeights(spec, layout, { seed: 3, forgetBias: 1 });
const files = saveLayersModel(spec, layout, weights);
const json: string = new TextDecoder().decode(files["model.json"]);

/** Reads the weights of `model` as a flat vector, gaps 0. */
function modelWeights({ weights }: tf.LayersModel, { tensors, size }: ParameterLayout): Float32Array {
  const vector = new Float32Array(size);
  for (const tensor of tensors) {
    const variable = weights.find(({ originalName }) => originalName === tensor.name);
    tensorView(vector, tensor).set(variable!.read().dataSync());
  }
  return vector;
}

const encode = (text: string) => new TextEncoder().encode(text);
const refuse = (modelJson: Uint8Array, weightsBin: Uint8Array, message: string) =>
  assertThrows(() => readSavedWeights(modelJson, weightsBin, layout), RangeError, message);

Deno.test("saveLayersModel() writes a model that tf.loadLayersModel loads, equal to 1e-6", async () => {
  const tensors = tf.memory().numTensors;
  const { modelTopology, weightsManifest, format } = JSON.parse(json);
  assertEquals(format, "layers-model");
  assertEquals(weightsManifest[0].paths, ["weights.bin"]);
  const artifacts = { modelTopology, weightSpecs: weightsManifest[0].weights, weightData: files["weights.bin"].buffer };
  const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
  const { batch } = example(spec, 4, 6);
  const probabilities = tf.tidy(() => {
    const output = model.predict(tf.tensor2d(batch.tokens, [4, 6], "int32"));
    assert(output instanceof tf.Tensor);
    return output.dataSync();
  });
  const expected = [0, 1, 2, 3].flatMap((row) => plainSoftmax(plainLogits(spec, layout, weights, batch, row)));
  assertClose(probabilities, expected, 1e-6);
  assertEquals(modelWeights(model, layout), weights);
  model.dispose();
  assertEquals(tf.memory().numTensors, tensors);
});

const options: Partial<ModelSpec>[] = [
  { layers: 2 },
  { layers: 3, pooling: "mean" },
  { pooling: "mean" },
  { pooling: "max" },
  { bidirectional: true },
  { bidirectional: true, pooling: "max" },
  { bidirectional: true, layers: 2 },
  { bidirectional: true, layers: 3, pooling: "mean" },
];
for (const option of options) {
  Deno.test(`saveLayersModel() writes a stock model with the same probabilities to 1e-6: ${JSON.stringify(option)}`, async () => {
    const deep = { ...spec, ...option };
    const { batch, layout: places, weights: values } = example(deep, 3, 4);
    const saved = saveLayersModel(deep, places, values);
    const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(saved["model.json"]));
    const [{ weights: weightSpecs }] = weightsManifest;
    const artifacts = { modelTopology, weightSpecs, weightData: saved["weights.bin"].buffer };
    const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
    const probabilities = tf.tidy(() => {
      const output = model.predict(tf.tensor2d(batch.tokens, [3, 4], "int32"));
      assert(output instanceof tf.Tensor);
      return output.dataSync();
    });
    const expected = [0, 1, 2].flatMap((row) => plainSoftmax(plainLogits(deep, places, values, batch, row)));
    assertClose(probabilities, expected, 1e-6);
    assertEquals(modelWeights(model, places), values);
    assertEquals(readSavedWeights(saved["model.json"], saved["weights.bin"], places), values);
    model.dispose();
  });
}

for (const option of [{}, ...options]) {
  Deno.test(`saveLayersModel() writes what TensorFlow.js itself writes: ${JSON.stringify(option)}`, async () => {
    const deep = { ...spec, ...option };
    const places = parameterLayout(deep);
    const values = initialWeights(deep, places, { seed: 5, forgetBias: 1 });
    const model = buildLayersModel(deep);
    setModelWeights(model, places, values);
    const { promise, resolve } = Promise.withResolvers<tf.io.ModelArtifacts>();
    await model.save(tf.io.withSaveHandler((artifacts) => {
      resolve(artifacts);
      return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) });
    }));
    model.dispose();
    const { weightData, weightSpecs, generatedBy, ...rest } = await promise;
    assertEquals(generatedBy, "TensorFlow.js tfjs-layers v4.22.0");
    const saved = saveLayersModel(deep, places, values);
    assertEquals(JSON.parse(new TextDecoder().decode(saved["model.json"])), {
      ...rest,
      generatedBy: "Lockstep",
      weightsManifest: [{ paths: ["weights.bin"], weights: weightSpecs }],
    });
    assertEquals(saved["weights.bin"], new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)));
  });
}

Deno.test("setModelWeights() copies: the model does not change with the vector", () => {
  const model = buildLayersModel(spec);
  const vector = weights.slice();
  setModelWeights(model, layout, vector);
  vector.fill(0);
  assertEquals(modelWeights(model, layout), weights);
  model.dispose();
});

Deno.test("setModelWeights() refuses a model of another shape", () => {
  const other = buildLayersModel({ ...spec, hidden: 8 });
  assertThrows(() => setModelWeights(other, layout, weights), RangeError, `"lstm/kernel" of [5,28]`);
  other.dispose();
});

Deno.test("readSavedWeights() returns the vector that was saved", () => {
  assertEquals(readSavedWeights(files["model.json"], files["weights.bin"], layout), weights);
});

Deno.test("readSavedWeights() reads bytes at an odd offset", () => {
  const bytes = new Uint8Array(files["weights.bin"].length + 1);
  bytes.set(files["weights.bin"], 1);
  assertEquals(readSavedWeights(files["model.json"], bytes.subarray(1), layout), weights);
});

Deno.test("readSavedWeights() refuses weights.bin of another size", () => {
  const bytes = files["weights.bin"];
  const longer = new Uint8Array(bytes.length + 4);
  refuse(files["model.json"], bytes.subarray(0, 100), `it has 100 bytes, expected ${bytes.length}`);
  refuse(files["model.json"], longer, `it has ${longer.length} bytes, expected ${bytes.length}`);
});

Deno.test("readSavedWeights() names the tensor that is missing or has another shape", () => {
  refuse(encode(json.replaceAll("lstm/bias", "lstm/bios")), files["weights.bin"], `no tensor "lstm/bias" among`);
  refuse(
    encode(json.replace(`"shape":[9,5]`, `"shape":[5,9]`)),
    files["weights.bin"],
    `"embedding/embeddings" is [5,9], expected [9,5]`,
  );
});

Deno.test("readSavedWeights() refuses an invalid model.json", () => {
  refuse(encode(json.slice(0, 50)), files["weights.bin"], "Cannot read model.json: it is not JSON");
  refuse(encode("{}"), files["weights.bin"], "Cannot read model.json: weightsManifest");
  const int32 = json.replaceAll(`"dtype":"float32"`, `"dtype":"int32"`);
  refuse(encode(int32), files["weights.bin"], "weightsManifest.0.weights.0.dtype");
});

Deno.test("readSavedWeights() refuses a value that is no number, and names its tensor", () => {
  const weightsBin = files["weights.bin"].slice();
  new DataView(weightsBin.buffer).setFloat32(4, NaN, true);
  refuse(files["model.json"], weightsBin, 'tensor "embedding/embeddings" has a value that is no number');
});
