import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { TFJS_BACKENDS } from "../../../lib/engine/tfjs/backend.ts";
import { createTfjsEngine } from "../../../lib/engine/tfjs/engine.ts";
import { buildLayersModel, setModelWeights } from "../../model/formats/tfjs_model.ts";
import { assertClose } from "../close.ts";
import { engineContract } from "../contract/all.ts";
import { example } from "../contract/example.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";
import { PATIENCE_MS } from "../../patience.ts";

const spec = { vocabulary: 9, embedding: 6, hidden: 10, classes: 3, lstmBiases: 1, ...ONE_LAYER } as const;

for (const backend of TFJS_BACKENDS) {
  engineContract(`tfjs/${backend}`, (needs) => createTfjsEngine({ backend, ...needs }));

  Deno.test(`tfjs/${backend}: an engine leaves no tensors behind`, async () => {
    const { weights, batch, ...needs } = example(spec, 4, 5);
    const engine = await createTfjsEngine({ backend, ...needs });
    const before = tf.memory().numTensors;
    engine.gradients(weights, batch, new Float32Array(needs.layout.size), 0);
    assertEquals(tf.memory().numTensors, before);
    engine.predict(weights, batch);
    assertEquals(tf.memory().numTensors, before);
    engine.evaluate(weights, batch);
    assertEquals(tf.memory().numTensors, before);
    batch.tokens[0] = spec.vocabulary;
    assertThrows(
      () => engine.gradients(weights, batch, new Float32Array(needs.layout.size), 0),
      Error,
      "not in [0, 8]",
    );
    assertEquals(tf.memory().numTensors, before);
  });

  Deno.test(`tfjs/${backend}: predict() equals the LayersModel's own forward pass to 1e-6`, async () => {
    const { weights, batch, ...needs } = example(spec, 4, 5);
    const engine = await createTfjsEngine({ backend, ...needs });
    const model = buildLayersModel(spec);
    setModelWeights(model, needs.layout, weights);
    const expected = tf.tidy(() => {
      const output = model.predict(tf.tensor2d(batch.tokens, [batch.size, batch.length], "int32"));
      assert(output instanceof tf.Tensor);
      return output.dataSync();
    });
    model.dispose();
    assertClose(engine.predict(weights, batch), expected, 1e-6);
  });
}

Deno.test("createTfjsEngine() names an unknown backend", async () => {
  const { weights: _, batch: __, ...needs } = example(spec, 1, 1);
  const unknown: { backend: "cpu" } = JSON.parse(`{"backend": "abacus"}`);
  await assertRejects(() => createTfjsEngine({ ...needs, ...unknown }), RangeError, `no backend "abacus"`);
});

Deno.test("createTfjsEngine() makes an earlier engine on another backend throw", async () => {
  const { weights, batch, ...needs } = example(spec, 1, 1);
  const first = await createTfjsEngine({ backend: "wasm", ...needs });
  await createTfjsEngine({ backend: "cpu", ...needs });
  assertThrows(() => first.predict(weights, batch), Error, "tfjs/wasm was replaced");
});

Deno.test("createTfjsEngine() runs on wasm in a worker without permissions", async () => {
  const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module", deno: { permissions: "none" } });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const deadline = setTimeout(() => reject(new Error("The worker said nothing")), PATIENCE_MS);
  worker.onmessage = ({ data }) => resolve(String(data));
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  try {
    assertStringIncludes(await promise, "tfjs/wasm lost 2.");
  } finally {
    clearTimeout(deadline);
    worker.terminate();
  }
});
