/** Makes models, weights and batches for tests of engines. */
import { type Batch, createBatch, type VectorRows } from "../../../lib/data/batches/batch.ts";
import { type AdamConstants, adamConstants } from "../../../lib/engine/adam.ts";
import type { EmbeddingRows } from "../../../lib/engine/contract.ts";
import type { DropoutOptions } from "../../../lib/engine/dropout.ts";
import { initialWeights } from "../../../lib/model/initial.ts";
import { type ParameterLayout, parameterLayout } from "../../../lib/model/layout.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { Random, Stream } from "../../../lib/base/numbers/random.ts";

export interface EngineNeeds {
  readonly spec: ModelSpec;
  readonly layout: ParameterLayout;
  readonly adam: AdamConstants;
  readonly dropout?: DropoutOptions;
  readonly classWeights?: Float32Array;
  readonly embeddingRows?: EmbeddingRows;
}

/** Holds a model, weights and a batch for a test of an engine. */
export interface Example extends EngineNeeds {
  readonly weights: Float32Array;
  readonly batch: Batch;
}

/** Returns vectors that are made of the rows that `lists` has of each. */
export function vectorsOf(lists: readonly (readonly number[])[]): VectorRows {
  const offsets = Int32Array.from([0, ...lists.map((_, index) => lists.slice(0, index + 1).flat().length)]);
  return { count: lists.length, offsets, rows: Int32Array.from(lists.flat()) };
}

/** Gives each row of `batch` a set of labels, in ascending order. */
export function setLabels({ labels, labelOffsets }: Batch, sets: readonly (readonly number[])[]): void {
  labels.set(sets.flat());
  sets.forEach((_, row) => labelOffsets![row + 1] = sets.slice(0, row + 1).flat().length);
}

/** Makes an example of `size` random sequences of `length` tokens. */
export function example(spec: ModelSpec, size: number, length: number, seed = 1): Example {
  const layout = parameterLayout(spec);
  const weights = initialWeights(spec, layout, { seed, forgetBias: 1 });
  const most = Math.min(spec.classes, 3);
  const batch = createBatch(size, length, undefined, 0, spec.labels === "many" ? most : 0);
  const random = new Random(seed, Stream.trainingData);
  for (let i = 0; i < batch.tokens.length; i++) batch.tokens[i] = random.seek(i).below(spec.vocabulary);
  if (batch.labelOffsets) {
    const sets = Array.from({ length: size }, (_, row) => {
      random.seek(2 ** 32 + row);
      const drawn = Array.from({ length: random.below(most + 1) }, () => random.below(spec.classes));
      return [...new Set(drawn)].sort((a, b) => a - b);
    });
    setLabels(batch, sets);
  } else for (let row = 0; row < size; row++) batch.labels[row] = random.seek(2 ** 32 + row).below(spec.classes);
  batch.lengths.fill(length);
  return { spec, layout, adam: adamConstants(1e-8), weights, batch };
}
