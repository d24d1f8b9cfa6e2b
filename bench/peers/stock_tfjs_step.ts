/**
 * Measures plain TensorFlow.js once, in a process of its own: the notebook's model from stock layers, compiled with its own
 * Adam and sparse cross-entropy, and `trainOnBatch` with a fresh random batch every step. Prints one JSON line.
 *
 *     stock_tfjs_step.ts BACKEND BATCH LENGTH EMBEDDING HIDDEN SECONDS WARM_UP
 */
import { registerScatterAdd } from "../../lib/engine/tfjs/backend.ts";
import { startWasm } from "../../lib/engine/tfjs/backend.ts";
import { isOver, type Mark, stagesOf } from "../measure.ts";
import { CLASSES, VOCABULARY } from "../train/shapes.ts";

const [backend = "cpu", ...rest] = Deno.args;
const [batch = 0, length = 0, embedding = 0, hidden = 0, seconds = 0, warmUpSeconds = 0] = rest.map(Number);

const tf = await import("@tensorflow/tfjs");
tf.enableProdMode();
await tf.setBackend("cpu");
if (backend === "wasm") {
  await startWasm(tf);
  // This is the only change: without this kernel the backend cannot train an Embedding at all.
  registerScatterAdd(tf, "wasm");
}
const model = tf.sequential({
  layers: [
    tf.layers.embedding({ inputDim: VOCABULARY, outputDim: embedding, inputLength: length }),
    tf.layers.lstm({ units: hidden, recurrentActivation: "sigmoid" }),
    tf.layers.dense({ units: CLASSES, activation: "softmax" }),
  ],
});
model.compile({ optimizer: tf.train.adam(0.01), loss: "sparseCategoricalCrossentropy" });

const draw = (count: number, below: number) => Float32Array.from({ length: count }, () => Math.random() * below | 0);

async function step(): Promise<void> {
  const tokens = tf.tensor(draw(batch * length, VOCABULARY), [batch, length]);
  const labels = tf.tensor(draw(batch, CLASSES), [batch, 1]);
  await model.trainOnBatch(tokens, labels);
  tf.dispose([tokens, labels]);
}

let steps = 0;
const mark = (): Mark => ({ seconds: performance.now() / 1000, steps });
const { warmUp, measured } = stagesOf(seconds, Infinity, warmUpSeconds);
let first = mark();
for (const stage of [warmUp, measured]) {
  first = mark();
  do {
    await step();
    steps++;
  } while (!isOver(stage, first, mark()));
}
const last = mark();
const secondsPerStep = (last.seconds - first.seconds) / (last.steps - first.steps);
await Deno.stdout.write(
  new TextEncoder().encode(
    `${JSON.stringify({ steps: last.steps - first.steps, msPerStep: secondsPerStep * 1000 })}\n`,
  ),
);
