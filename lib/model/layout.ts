/**
 * Maps the model's parameters to one flat float32 vector: names, shapes and offsets. It computes nothing; engines do. Start
 * with `parameterLayout`.
 */
import { type ModelSpec, outputWidth } from "./spec.ts";

/** Describes one tensor's place in the flat parameter vector. */
export interface TensorLayout {
  /** The name of the LayersModel's weight, `layer/weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Index of the first element; a multiple of ALIGNMENT. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
  /** The number of equal parameters that the tensor is the sum of (`lstmBiases`); 1 for all but LSTM biases. */
  readonly multiplicity: 1 | 2;
  /** True if weight decay applies: to embeddings and kernels, not to biases. */
  readonly decay: boolean;
}

export interface ParameterLayout {
  readonly tensors: readonly TensorLayout[];
  /** Elements of the flat vector, the gaps between tensors included; gaps hold 0. */
  readonly size: number;
  /** Elements of all tensors together: the model's parameters. */
  readonly parameters: number;
}

/** Elements: 64 bytes, a cache line, so that no two tensors share one and vector loads are aligned. */
export const ALIGNMENT = 16;

const aligned = (elements: number): number => Math.ceil(elements / ALIGNMENT) * ALIGNMENT;

/** Gates of an LSTM, in Keras's order: input, forget, cell, output. */
export const LSTM_GATES = 4;

/** One LSTM of the model: a layer in one direction. */
export interface LstmCell {
  /** From 1. */
  readonly layer: number;
  readonly backward: boolean;
  /** The beginning of its tensors' names: `lstm`, `lstm_2`; with two directions `lstm_2/forward_lstm`. */
  readonly name: string;
  /** Width of its inputs. */
  readonly inputs: number;
}

/** Lists all LSTMs in the order of the layout: layer by layer, forward before backward. The names are those of tfjs. */
export function lstmCells(spec: ModelSpec): LstmCell[] {
  const directions = spec.bidirectional ? ["forward", "backward"] as const : ["forward"] as const;
  return Array.from({ length: spec.layers }, (_, index) => index + 1).flatMap((layer) => {
    const inputs = layer === 1 ? spec.embedding : outputWidth(spec);
    const name = layer === 1 ? "lstm" : `lstm_${layer}`;
    return directions.map((direction): LstmCell => ({
      layer,
      backward: direction === "backward",
      name: spec.bidirectional ? `${name}/${direction}_lstm` : name,
      inputs,
    }));
  });
}

/**
 * Computes where each parameter of the model lies in the flat float32 vector. Names, shapes and the gate order (input, forget,
 * cell, output) are those of Keras: kernels are `[in, out]`, `lstm/kernel` is `[embedding, 4 * hidden]`. The embedding
 * comes first.
 */
export function parameterLayout(spec: ModelSpec): ParameterLayout {
  const gates = LSTM_GATES * spec.hidden;
  const shapes: [name: string, shape: number[], multiplicity: 1 | 2][] = [
    ["embedding/embeddings", [spec.vocabulary + spec.letterRows, spec.embedding], 1],
    ...lstmCells(spec).flatMap(({ name, inputs }): [string, number[], 1 | 2][] => [
      [`${name}/kernel`, [inputs, gates], 1],
      [`${name}/recurrent_kernel`, [spec.hidden, gates], 1],
      [`${name}/bias`, [gates], spec.lstmBiases],
    ]),
    ["dense/kernel", [outputWidth(spec), spec.classes], 1],
    ["dense/bias", [spec.classes], 1],
  ];
  let offset = 0;
  let parameters = 0;
  const tensors = shapes.map(([name, shape, multiplicity]): TensorLayout => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const tensor = { name, shape, offset, size, multiplicity, decay: !name.endsWith("/bias") };
    offset += aligned(size);
    parameters += size;
    return tensor;
  });
  return { tensors, size: offset, parameters };
}

/**
 * Returns the tensor of token vectors and of those of letters, `[vocabulary + letterRows, embedding]`: the only one of which
 * a step may change only some rows.
 */
export function embeddingTensor(layout: ParameterLayout): TensorLayout {
  return layout.tensors[0]!;
}

/** Returns the first element behind the embedding and the gap after it. */
export function embeddingEnd(layout: ParameterLayout): number {
  return layout.tensors[1]!.offset;
}

/** Lists the gaps, whose elements belong to no tensor. */
export function gapsOf({ tensors }: ParameterLayout): { readonly offset: number; readonly size: number }[] {
  return tensors
    .map(({ offset, size }) => ({ offset: offset + size, size: aligned(size) - size }))
    .filter(({ size }) => size > 0);
}

/** Returns the elements of `tensor` in the flat vector `values`: a view, not a copy. */
export function tensorView(values: Float32Array, tensor: TensorLayout): Float32Array {
  return values.subarray(tensor.offset, tensor.offset + tensor.size);
}

/** Returns the tensor called `name`. Throws a RangeError that lists the names if there is none. */
export function tensorNamed(layout: ParameterLayout, name: string): TensorLayout {
  const tensor = layout.tensors.find((candidate) => candidate.name === name);
  if (!tensor) {
    const names = layout.tensors.map((candidate) => candidate.name).join(", ");
    throw new RangeError(`No tensor is called "${name}": expected one of ${names}`);
  }
  return tensor;
}
