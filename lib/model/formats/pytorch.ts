/**
 * Converts the model to PyTorch's tensors and back: `nn.Embedding`, `nn.LSTM` and `nn.Linear` keep their matrices as `[out, in]`
 * and have two LSTM biases; the gates are in the same order (input, forget, cell, output).
 */
import { LSTM_GATES, type LstmCell, lstmCells, type ParameterLayout, tensorNamed, tensorView } from "../layout.ts";
import type { NamedTensor } from "../../base/safetensors_header.ts";
import { type ModelSpec, outputWidth } from "../spec.ts";

/** Returns the end of the names of an LSTM's tensors, behind `weight_ih_`, …: `l0`, `l1_reverse`. */
function cellSuffix({ layer, backward }: LstmCell): string {
  return `l${layer - 1}${backward ? "_reverse" : ""}`;
}

/** Names the vectors of letters. */
export const LETTERS = "letters.weight";

/**
 * Returns the tensors of a PyTorch module with the members `embedding`, `lstm` and `linear`, and with `letters` if words have
 * letters. The sum of the two LSTM biases is in `bias_ih`, and `bias_hh` is 0.
 */
export function toPytorch(spec: ModelSpec, layout: ParameterLayout, weights: Float32Array): NamedTensor[] {
  const view = (name: string) => tensorView(weights, tensorNamed(layout, name));
  const gates = LSTM_GATES * spec.hidden;
  const { vocabulary, letterRows, embedding } = spec;
  const embeddings = view("embedding/embeddings");
  const ofWords = vocabulary * embedding;
  return [
    { name: "embedding.weight", shape: [vocabulary, embedding], values: embeddings.subarray(0, ofWords) },
    ...letterRows > 0 ? [{ name: LETTERS, shape: [letterRows, embedding], values: embeddings.subarray(ofWords) }] : [],
    ...lstmCells(spec).flatMap((cell): NamedTensor[] => {
      const suffix = cellSuffix(cell);
      const kernel = transposed(view(`${cell.name}/kernel`), cell.inputs, gates);
      const recurrent = transposed(view(`${cell.name}/recurrent_kernel`), spec.hidden, gates);
      return [
        { name: `lstm.weight_ih_${suffix}`, shape: [gates, cell.inputs], values: kernel },
        { name: `lstm.weight_hh_${suffix}`, shape: [gates, spec.hidden], values: recurrent },
        { name: `lstm.bias_ih_${suffix}`, shape: [gates], values: view(`${cell.name}/bias`) },
        { name: `lstm.bias_hh_${suffix}`, shape: [gates], values: new Float32Array(gates) },
      ];
    }),
    {
      name: "linear.weight",
      shape: [spec.classes, outputWidth(spec)],
      values: transposed(view("dense/kernel"), outputWidth(spec), spec.classes),
    },
    { name: "linear.bias", shape: [spec.classes], values: view("dense/bias") },
  ];
}

/**
 * Returns the flat vector of a PyTorch module's tensors, gaps 0. It recognises the LSTM by its tensors' names and the
 * embedding by `embed` in its own; the only other pair of weight and bias is the linear layer. Throws a RangeError that
 * names the tensor if one is missing, has another shape, or is left over.
 */
export function fromPytorch(
  spec: ModelSpec,
  layout: ParameterLayout,
  tensors: readonly NamedTensor[],
): Float32Array {
  const weights = new Float32Array(layout.size);
  const left = new Map(tensors.map((tensor) => [tensor.name, tensor]));

  /** Removes the tensor whose name matches from `left`, and returns its values. */
  function take(pattern: RegExp, what: string, shape: readonly number[]): Float32Array {
    const found = [...left.values()].filter(({ name }) => pattern.test(name));
    const wanted = `${what} of [${shape}]`;
    if (found.length !== 1) {
      const names = found.length === 0 ? [...left.keys()] : found.map(({ name }) => name);
      const got = found.length === 0 ? "there is none" : "there are several";
      throw new RangeError(`expected ${wanted}, and ${got} among ${listed(names) || "no tensors"}`);
    }
    const [tensor] = found;
    if (tensor!.shape.join() !== shape.join()) {
      throw new RangeError(`tensor "${tensor!.name}" is [${tensor!.shape}]: expected ${wanted}`);
    }
    left.delete(tensor!.name);
    return tensor!.values;
  }
  const put = (name: string, values: Float32Array, at = 0) =>
    tensorView(weights, tensorNamed(layout, name)).set(values, at);

  const gates = LSTM_GATES * spec.hidden;
  const { vocabulary, letterRows, embedding } = spec;
  put("embedding/embeddings", take(/embed.*weight$/i, "an embedding", [vocabulary, embedding]));
  if (letterRows > 0) {
    const ofLetters = take(/^letters\.weight$/, "the vectors of letters", [letterRows, embedding]);
    put("embedding/embeddings", ofLetters, vocabulary * embedding);
  }
  for (const cell of lstmCells(spec)) {
    const suffix = cellSuffix(cell);
    const tensor = (kind: string, shape: readonly number[]) =>
      take(new RegExp(`(^|\\.)${kind}_${suffix}$`), `${kind}_${suffix}`, shape);
    put(`${cell.name}/kernel`, transposed(tensor("weight_ih", [gates, cell.inputs]), gates, cell.inputs));
    put(`${cell.name}/recurrent_kernel`, transposed(tensor("weight_hh", [gates, spec.hidden]), gates, spec.hidden));
    const [inputBias, hiddenBias] = [tensor("bias_ih", [gates]), tensor("bias_hh", [gates])];
    put(`${cell.name}/bias`, inputBias.map((value, index) => value + hiddenBias[index]!));
  }
  const width = outputWidth(spec);
  put(
    "dense/kernel",
    transposed(take(/weight$/, "a linear layer's weight", [spec.classes, width]), spec.classes, width),
  );
  put("dense/bias", take(/bias$/, "a linear layer's bias", [spec.classes]));
  if (left.size > 0) throw new RangeError(`the model has no place for ${listed([...left.keys()])}`);
  return weights;
}

/** Names that an error lists: a file may have hundreds of tensors. */
const LISTED = 10;

function listed(names: readonly string[]): string {
  return names.slice(0, LISTED).join(", ") + (names.length > LISTED ? `, … (${names.length} in all)` : "");
}

/** Returns the transpose of a row-major `[rows, columns]`. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  }
  return result;
}
