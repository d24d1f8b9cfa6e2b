import type { io } from "@tensorflow/tfjs";
import { buildLayersModel, setModelWeights } from "./layers_model.ts";
import type { ParameterLayout } from "./layout.ts";
import type { ModelSpec } from "./spec.ts";

/** The files of a LayersModel, by name. */
export interface ModelFiles {
  readonly "model.json": Uint8Array<ArrayBuffer>;
  readonly "weights.bin": Uint8Array<ArrayBuffer>;
}

/**
 * The model as a standard LayersModel, which `tf.loadLayersModel` loads: tokens `[batch, length]` in, of any
 * length, probabilities `[batch, classes]` out. Loads tfjs.
 */
export async function saveLayersModel(
  spec: ModelSpec,
  layout: ParameterLayout,
  weights: Float32Array,
): Promise<ModelFiles> {
  const tf = await import("@tensorflow/tfjs");
  tf.enableProdMode();
  // An engine may have its own backend in this thread already: leave it that.
  if (!tf.getBackend()) await tf.setBackend("cpu");
  const model = buildLayersModel(tf, spec, "probabilities");
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
