/** Makes tfjs tensors of a batch's tokens and dropout masks, time-major (position `t · size + row`). */
import type { Tensor, Tensor1D } from "@tensorflow/tfjs";
import type { Batch } from "../../data/batches/batch.ts";
import type { Tfjs } from "./backend.ts";
import type { ModelSpec } from "../../model/spec.ts";
import { DropoutArea, dropoutMasks, type DropoutOptions } from "../dropout.ts";

/** Makes the factors of values in one training step: 0, or 1 / (1 - rate). */
export interface StepMasks {
  /** Returns those of token vectors, `[length * size, embedding]`. */
  embedding(): Tensor;
  /** Returns those of a layer's inputs, `[length * size, width]`. */
  inputs(area: number, width: number): Tensor;
  /** Returns those of pooled vectors, `[size, width]`. */
  pooled(size: number, width: number): Tensor;
}

/** Returns the tokens of `batch`, `[length * size]`, with 0 for padding. */
export function timeMajorTokens(tf: Tfjs, batch: Batch): Tensor1D {
  return tf.tensor1d(tokensByTime(batch), "int32");
}

function tokensByTime({ tokens, lengths, size, length }: Batch): Int32Array {
  const byTime = new Int32Array(length * size);
  for (let row = 0; row < size; row++) {
    for (let t = 0; t < lengths[row]!; t++) byTime[t * size + row] = tokens[row * length + t]!;
  }
  return byTime;
}

/** Returns the masks of `batch` at `draw`, numbered as in `dropout.ts`; undefined without dropout. */
export function stepMasks(
  tf: Tfjs,
  { embedding }: ModelSpec,
  dropout: DropoutOptions | undefined,
  batch: Batch,
  draw: number,
): StepMasks | undefined {
  if (!dropout || dropout.rate === 0) return undefined;
  const masks = dropoutMasks(dropout);
  const { size, length } = batch;

  /** Returns `[rows, width]`: in each row the factors of the elements from `begin(row)`. */
  function tensor(area: number, rows: number, width: number, begin: (row: number) => number): Tensor {
    const mask = masks.at(draw, area);
    const factors = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const first = begin(row);
      for (let i = 0; i < width; i++) factors[row * width + i] = mask.factor(first + i);
    }
    return tf.tensor2d(factors, [rows, width]);
  }

  return {
    embedding() {
      const tokens = tokensByTime(batch);
      return tensor(DropoutArea.embedding, length * size, embedding, (position) => tokens[position]! * embedding);
    },
    inputs(area, width) {
      const rowMajor = (position: number) => (position % size) * length + Math.floor(position / size);
      return tensor(area, length * size, width, (position) => rowMajor(position) * width);
    },
    pooled: (rows, width) => tensor(DropoutArea.pooled, rows, width, (row) => row * width),
  };
}
