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

/** Makes an example of `size` random sequences of `length` tokens. */
export function example(spec: ModelSpec, size: number, length: number, seed = 1): Example {
  const layout = parameterLayout(spec);
  const weights = initialWeights(spec, layout, { seed, forgetBias: 1 });
  const batch = createBatch(size, length);
  const random = new Random(seed, Stream.trainingData);
  for (let i = 0; i < batch.tokens.length; i++) batch.tokens[i] = random.seek(i).below(spec.vocabulary);
  for (let row = 0; row < size; row++) batch.labels[row] = random.seek(2 ** 32 + row).below(spec.classes);
  batch.lengths.fill(length);
  return { spec, layout, adam: adamConstants(1e-8), weights, batch };
}
