/** Converts PyTorch's trace (../fixtures/README.md) to flat vectors and batches. */
import { adamConstants } from "../../lib/engine/adam.ts";
import trace from "../fixtures/pytorch_trace_small.json" with { type: "json" };
import { type Batch, createBatch } from "../../lib/data/batches/batch.ts";
import { parameterLayout, tensorNamed, tensorView } from "../../lib/model/layout.ts";
import type { ModelSpec } from "../../lib/model/spec.ts";
import { ONE_LAYER } from "../model/one_layer.ts";

type Snapshot = typeof trace.initial;

const { vocab, embed, hidden, classes, length, batch } = trace.config;

export const spec: ModelSpec = { vocabulary: vocab, embedding: embed, hidden, classes, lstmBiases: 2, ...ONE_LAYER };
export const layout = parameterLayout(spec);
export const learningRate = trace.adam.lr;
export const adam = adamConstants(trace.adam.eps);

/** Lists the mean cross-entropy before each step. */
export const losses: readonly number[] = trace.losses;
/** `[batch, classes]`, row-major. */
export const firstLogits: readonly number[] = trace.first_logits.flat();
export const batches: readonly Batch[] = trace.batches.map((source) => {
  const target = createBatch(batch, length);
  target.tokens.set(source.tokens.flat());
  target.labels.set(source.labels);
  target.lengths.fill(length);
  return target;
});

export const initial = flat(trace.initial, "sum");
export const final = flat(trace.final, "sum");
/** Keeps the gradient of one of the two LSTM biases, which is also that of their sum. */
export const firstGradients = flat(trace.first_gradients, "first");

/** Returns PyTorch's tensors as a flat vector: kernels transposed to `[in, out]`, the two LSTM biases combined. */
function flat(snapshot: Snapshot, biases: "sum" | "first"): Float32Array {
  const vector = new Float32Array(layout.size);
  const put = (name: string, values: number[]) => tensorView(vector, tensorNamed(layout, name)).set(values);
  const second = snapshot["lstm.bias_hh_l0"].data;
  put("embedding/embeddings", snapshot["embedding.weight"].data);
  put("lstm/kernel", transposed(snapshot["lstm.weight_ih_l0"]));
  put("lstm/recurrent_kernel", transposed(snapshot["lstm.weight_hh_l0"]));
  put("lstm/bias", snapshot["lstm.bias_ih_l0"].data.map((value, i) => biases === "sum" ? value + second[i]! : value));
  put("dense/kernel", transposed(snapshot["fc.weight"]));
  put("dense/bias", snapshot["fc.bias"].data);
  return vector;
}

function transposed({ shape, data }: { shape: number[]; data: number[] }): number[] {
  const [rows, columns] = [shape[0]!, shape[1]!];
  return data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
}
