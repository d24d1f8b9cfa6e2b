/**
 * Builds the ONNX graph of a model: embedding → LSTMs → pooling → dense → softmax, or sigmoids where rows may have several labels, for padded rows with their lengths.
 *
 * | value           | type and shape               |                                                                        |
 * | --------------- | ---------------------------- | ---------------------------------------------------------------------- |
 * | `tokens`        | int32 `[batch, length]`      | right-padded with any ids                                              |
 * | `lengths`       | int32 `[batch]`              | tokens of each row without padding, at least 1                         |
 * | `letters`       | int32 `[words, runs]`        | with letters: rows of runs of letters, padded with `letterRows`        |
 * | `probabilities` | float32 `[batch, classes]`   |                                                                        |
 *
 * In a model with letters the token `vocabulary + n` is the unknown word whose runs are in row n of `letters`.
 */
import {
  LSTM_GATES,
  type LstmCell,
  lstmCells,
  type ParameterLayout,
  tensorNamed,
  tensorView,
} from "../../../model/layout.ts";
import { type ModelSpec, outputWidth } from "../../../model/spec.ts";
import { UNKNOWN } from "../../../data/vocabulary/vocabulary.ts";
import type { Graph, Node, Port, Weight } from "./model.ts";

/** Collects nodes and weights. */
class Builder {
  readonly nodes: Node[] = [];
  readonly weights: Weight[] = [];

  /** Adds a node, and returns the name of its output. */
  add(output: string, operator: string, inputs: readonly string[], attributes: Node["attributes"] = {}): string {
    this.nodes.push({ operator, inputs, outputs: [output], attributes });
    return output;
  }

  float(name: string, shape: readonly number[], values: Float32Array): string {
    this.weights.push({ name, shape, values });
    return name;
  }

  int32(name: string, shape: readonly number[], values: readonly number[]): string {
    this.weights.push({ name, shape, values: Int32Array.from(values) });
    return name;
  }

  /** Adds axes, extents of a shape, or another list that operators want as int64. */
  int64(name: string, values: readonly number[]): string {
    this.weights.push({ name, shape: [values.length], values: BigInt64Array.from(values, BigInt) });
    return name;
  }
}

export function buildGraph(spec: ModelSpec, layout: ParameterLayout, weights: Float32Array): Graph {
  const builder = new Builder();
  const view = (name: string) => tensorView(weights, tensorNamed(layout, name));
  const byTime = builder.add("tokens_by_time", "Transpose", ["tokens"], { perm: [1, 0] }); // [length, batch]
  let values = embed(builder, spec, view("embedding/embeddings"), byTime); // [length, batch, width]
  for (let layer = 1; layer <= spec.layers; layer++) {
    const cells = lstmCells(spec).filter((cell) => cell.layer === layer);
    const isLast = layer === spec.layers && spec.pooling === "last";
    values = lstm(builder, spec, cells, values, view, isLast);
  }
  const pooled = pool(builder, spec, values); // [batch, width]
  const kernel = builder.float("dense_kernel", [outputWidth(spec), spec.classes], view("dense/kernel"));
  const bias = builder.float("dense_bias", [spec.classes], view("dense/bias"));
  const logits = builder.add("logits", "Gemm", [pooled, kernel, bias]);
  if (spec.labels === "many") builder.add("probabilities", "Sigmoid", [logits]);
  else builder.add("probabilities", "Softmax", [logits], { axis: 1 });
  const letters: Port = { name: "letters", type: "int32", shape: ["words", "runs"] };
  return {
    ...builder,
    inputs: [
      { name: "tokens", type: "int32", shape: ["batch", "length"] },
      { name: "lengths", type: "int32", shape: ["batch"] },
      ...spec.letterRows > 0 ? [letters] : [],
    ],
    outputs: [{ name: "probabilities", type: "float32", shape: ["batch", spec.classes] }],
  };
}

/** Looks up the vectors of `tokens`, and makes those of unknown words of their letters. */
function embed(builder: Builder, spec: ModelSpec, embeddings: Float32Array, tokens: string): string {
  const { vocabulary, letterRows, embedding: width } = spec;
  const known = embeddings.subarray(0, vocabulary * width);
  const table = builder.float("embedding", [vocabulary, width], known);
  if (letterRows === 0) return builder.add("vectors", "Gather", [table, tokens]);

  // The last row is that of the padding of `letters`.
  const rows = new Float32Array((letterRows + 1) * width);
  rows.set(embeddings.subarray(vocabulary * width));
  const letterTable = builder.float("letter_vectors", [letterRows + 1, width], rows);
  const own = builder.float("unknown_vector", [width], known.subarray(UNKNOWN * width, (UNKNOWN + 1) * width));
  const one = builder.int64("axis_one", [1]);
  const isRun = builder.add("is_run", "Less", ["letters", builder.int32("letter_rows", [], [letterRows])]);
  const counts = builder.add("runs_each", "ReduceSum", [builder.add("is_run_float", "Cast", [isRun], { to: 1 }), one]);
  const least = builder.float("least_runs", [], Float32Array.of(1));
  const divisor = builder.add("runs_at_least", "Max", [counts, least]); // [words, 1]
  const gathered = builder.add("letters_gathered", "Gather", [letterTable, "letters"]); // [words, runs, width]
  const sums = builder.add("letters_sum", "ReduceSum", [gathered, one], { keepdims: 0 });
  const means = builder.add("letters_mean", "Div", [sums, divisor]);
  const unknown = builder.add("unknown_words", "Add", [own, means]); // [words, width]

  const size = builder.int32("vocabulary", [], [vocabulary]);
  const isKnown = builder.add("is_known", "Less", [tokens, size]);
  const most = builder.int32("last_id", [], [vocabulary - 1]);
  const knownIds = builder.add("known_ids", "Min", [tokens, most]);
  const offset = builder.add("word_numbers", "Sub", [tokens, size]);
  const words = builder.add("words_from_zero", "Max", [offset, builder.int32("zero", [], [0])]);
  const minusOne = builder.int64("last_axis", [-1]);
  return builder.add("vectors", "Where", [
    builder.add("is_known_vector", "Unsqueeze", [isKnown, minusOne]),
    builder.add("known_vectors", "Gather", [table, knownIds]),
    builder.add("unknown_vectors", "Gather", [unknown, words]),
  ]);
}

/**
 * Adds a layer. Returns its outputs, `[length, batch, width]`, 0 past a row's end; or with `isLast` only those of the last
 * steps, `[batch, width]`.
 */
function lstm(
  builder: Builder,
  spec: ModelSpec,
  cells: readonly LstmCell[],
  values: string,
  view: (name: string) => Float32Array,
  isLast: boolean,
): string {
  const { hidden } = spec;
  const gates = LSTM_GATES * hidden;
  const [{ layer, inputs }, directions] = [cells[0]!, cells.length];
  const name = `lstm_${layer}`;
  const kernels = joined(cells.map((cell) => byGate(view(`${cell.name}/kernel`), inputs, hidden)));
  const recurrent = joined(cells.map((cell) => byGate(view(`${cell.name}/recurrent_kernel`), hidden, hidden)));
  // The second half has the biases of the state, which are in the first.
  const biases = new Float32Array(directions * 2 * gates);
  cells.forEach((cell, at) => biases.set(byGate(view(`${cell.name}/bias`), 1, hidden), at * 2 * gates));
  builder.nodes.push({
    operator: "LSTM",
    inputs: [
      values,
      builder.float(`${name}_kernel`, [directions, gates, inputs], kernels),
      builder.float(`${name}_recurrent_kernel`, [directions, gates, hidden], recurrent),
      builder.float(`${name}_bias`, [directions, 2 * gates], biases),
      "lengths",
    ],
    outputs: isLast ? ["", `${name}_last`] : [`${name}_steps`],
    attributes: { hidden_size: hidden, direction: directions === 2 ? "bidirectional" : "forward" },
  });
  const width = outputWidth(spec);
  if (isLast) {
    const byRow = builder.add(`${name}_by_row`, "Transpose", [`${name}_last`], { perm: [1, 0, 2] });
    return builder.add(`${name}_output`, "Reshape", [byRow, builder.int64(`${name}_shape`, [0, width])]);
  }
  const byRow = builder.add(`${name}_by_row`, "Transpose", [`${name}_steps`], { perm: [0, 2, 1, 3] });
  return builder.add(`${name}_output`, "Reshape", [byRow, builder.int64(`${name}_shape`, [0, 0, width])]);
}

/** Joins tensors of equal size. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.length * parts[0]!.length);
  parts.forEach((part, index) => result.set(part, index * part.length));
  return result;
}

/** ONNX has the gates in the order input, output, forget, cell. */
const GATES = [0, 3, 1, 2] as const;

/** Returns the transpose of a kernel, `[inputs, gates * hidden]`, with the gates in ONNX's order. */
function byGate(kernel: Float32Array, inputs: number, hidden: number): Float32Array {
  const width = LSTM_GATES * hidden;
  const result = new Float32Array(kernel.length);
  GATES.forEach((gate, place) => {
    for (let unit = 0; unit < hidden; unit++) {
      const row = (place * hidden + unit) * inputs;
      for (let input = 0; input < inputs; input++) result[row + input] = kernel[input * width + gate * hidden + unit]!;
    }
  });
  return result;
}

function pool(builder: Builder, { pooling }: ModelSpec, values: string): string {
  switch (pooling) {
    case "last":
      return values;
    case "mean": {
      const sums = builder.add("pooled_sum", "ReduceSum", [values, builder.int64("time", [0])], { keepdims: 0 });
      const counts = builder.add("lengths_float", "Cast", ["lengths"], { to: 1 });
      return builder.add("pooled", "Div", [
        sums,
        builder.add("divisor", "Unsqueeze", [counts, builder.int64("width_axis", [1])]),
      ]);
    }
    case "max": {
      // Outputs are between -1 and 1.
      const steps = builder.add("steps", "Range", [
        builder.int32("first_step", [], [0]),
        builder.add("length", "Squeeze", [builder.add("length_int32", "Cast", [
          builder.add("length_int64", "Shape", ["tokens"], { start: 1, end: 2 }),
        ], { to: 6 })]),
        builder.int32("step", [], [1]),
      ]);
      const column = builder.add("step_column", "Unsqueeze", [steps, builder.int64("batch_axis", [1])]);
      const isReal = builder.add("is_real", "Less", [column, "lengths"]); // [length, batch]
      const mask = builder.add("mask", "Unsqueeze", [isReal, builder.int64("mask_axis", [2])]);
      const masked = builder.add("masked", "Where", [
        mask,
        values,
        builder.float("below_all", [], Float32Array.of(-2)),
      ]);
      return builder.add("pooled", "ReduceMax", [masked], { axes: [0], keepdims: 0 });
    }
  }
}
