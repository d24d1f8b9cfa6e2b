/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Evaluates a model of weights 0 on two rows with the engine tfjs/wasm and posts what came out. */
import { createBatch } from "../../lib/data/batch.ts";
import { createTfjsEngine } from "../../lib/engine/tfjs.ts";
import { parameterLayout } from "../../lib/model/layout.ts";

const spec = { vocabulary: 3, embedding: 2, hidden: 2, classes: 3, lstmBiases: 1 } as const;
const layout = parameterLayout(spec);
const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
try {
  const engine = await createTfjsEngine({ backend: "wasm", spec, layout, adam });
  const { lossSum } = engine.gradients(new Float32Array(layout.size), createBatch(2, 4), new Float32Array(layout.size));
  self.postMessage(`${engine.name} lost ${lossSum}`);
} catch (error) {
  self.postMessage(String(error));
}
