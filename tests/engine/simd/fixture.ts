import { adamConstants } from "../../../lib/engine/adam.ts";
import { type Batch, batchWords, createBatch } from "../../../lib/data/batches/batch.ts";
import { createSimdEngine } from "../../../lib/engine/simd/engine.ts";
import { simdScratchBytes } from "../../../lib/engine/simd/memory/scratch.ts";
import type { EmbeddingRows, Engine, Replica } from "../../../lib/engine/contract.ts";
import type { DropoutOptions } from "../../../lib/engine/dropout.ts";
import { type ParameterLayout, parameterLayout, tensorView } from "../../../lib/model/layout.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { Random, Stream } from "../../../lib/base/numbers/random.ts";
import { SharedVectors } from "./shared_vectors.ts";

interface SimdFixture {
  readonly spec: ModelSpec;
  readonly layout: ParameterLayout;
  readonly vectors: SharedVectors;
  readonly engine: Engine;
  readonly replica: Replica;
  readonly gradients: Float32Array;
  readonly batch: Batch;
  /** The bytes of the memory that only the engine uses. */
  readonly scratch: { readonly byteOffset: number; readonly byteLength: number };
}

interface FixtureOptions {
  readonly seed?: number;
  /** Counts the real tokens of each row; all by default. */
  readonly lengths?: readonly number[];
  readonly dropout?: DropoutOptions;
  readonly embeddingRows?: EmbeddingRows;
  /** Counts the bytes that the test needs for its own arrays. */
  readonly spareBytes?: number;
}

/** Creates an engine with exactly the scratch that it needs, small random weights and a random batch. */
export function simdFixture(
  spec: ModelSpec,
  size: number,
  length: number,
  options: FixtureOptions = {},
): SimdFixture {
  const { seed = 1, lengths, dropout = { rate: 0, seed: 0 }, embeddingRows = "dense", spareBytes = 2 ** 19 } = options;
  const layout = parameterLayout(spec);
  const bytes = simdScratchBytes(spec, size, length);
  const vectors = new SharedVectors(bytes + 4 * (4 * layout.size + batchWords(size, length)) + spareBytes);
  const replica = {
    weights: vectors.floats(layout.size),
    m: vectors.floats(layout.size),
    v: vectors.floats(layout.size),
  };
  const gradients = vectors.floats(layout.size);
  const batch = createBatch(size, length, vectors.ints(batchWords(size, length)));
  const random = new Random(seed, Stream.weights);
  for (const tensor of layout.tensors) {
    const values = tensorView(replica.weights, tensor);
    for (let i = 0; i < values.length; i++) values[i] = random.normal() / Math.sqrt(spec.hidden);
  }
  const integer = (limit: number) => Math.floor(random.uniform() * limit);
  for (let i = 0; i < batch.tokens.length; i++) batch.tokens[i] = integer(spec.vocabulary);
  for (let i = 0; i < size; i++) batch.labels[i] = integer(spec.classes);
  if (lengths) batch.lengths.set(lengths);
  else batch.lengths.fill(length);
  const scratch = { byteOffset: vectors.allocate(bytes), byteLength: bytes };
  const engine = createSimdEngine({
    spec,
    layout,
    adam: adamConstants(1e-8),
    dropout,
    embeddingRows,
    memory: vectors.memory,
    scratch,
    maxBatch: size,
    maxLength: length,
  });
  return { spec, layout, vectors, engine, replica, gradients, batch, scratch };
}
