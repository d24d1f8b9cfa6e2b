/** Measures plain TensorFlow.js: a program that builds the model from its layers and calls `trainOnBatch`. */
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { output } from "../command.ts";
import type { StepMetrics } from "../train/lockstep.ts";
import type { Stages } from "../measure.ts";
import type { Shape } from "../train/shapes.ts";

const line = z.object({ steps: z.int(), msPerStep: z.number() });

/** Measures steps of `shape` for about as long as the stages say, on one core. */
export async function measureStockTfjs(
  backend: "cpu" | "wasm",
  { batch, length, embedding, hidden }: Shape,
  { warmUp, measured }: Stages,
): Promise<StepMetrics> {
  const script = fileURLToPath(new URL("stock_tfjs_step.ts", import.meta.url));
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const numbers = [batch, length, embedding, hidden, measured.seconds, warmUp.seconds].map(String);
  const args = ["run", "-q", "--allow-read", "--allow-env", "-c", config, script, backend, ...numbers];
  const { steps, msPerStep } = line.parse(JSON.parse(await output(Deno.execPath(), args)));
  return { msPerStep, sequencesPerSecond: batch / msPerStep * 1000, steps, wait: null, average: null };
}
