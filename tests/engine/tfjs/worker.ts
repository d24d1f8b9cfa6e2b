/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Evaluates a model of weights 0 on two rows with the engine tfjs/wasm and posts the result. */
import { adamConstants } from "../../../lib/engine/adam.ts";
import { createBatch } from "../../../lib/data/batches/batch.ts";
import { createTfjsEngine } from "../../../lib/engine/tfjs/engine.ts";
import { parameterLayout } from "../../../lib/model/layout.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";

const spec = { vocabulary: 3, embedding: 2, hidden: 2, classes: 3, lstmBiases: 1, ...ONE_LAYER } as const;
const layout = parameterLayout(spec);
const adam = adamConstants(1e-8);
try {
  const engine = await createTfjsEngine({ backend: "wasm", spec, layout, adam });
  const batch = createBatch(2, 4);
  batch.lengths.fill(4);
  const { lossSum } = engine.gradients(new Float32Array(layout.size), batch, new Float32Array(layout.size), 0);
  self.postMessage(`${engine.name} lost ${lossSum}`);
} catch (error) {
  self.postMessage(String(error));
}
