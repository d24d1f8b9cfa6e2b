/**
 * Makes the vectors of a batch's distinct tokens from rows of the embedding, and the gradients of these rows from those of
 * the vectors. Arguments are byte offsets, which callers have checked.
 */
import { type Batch, MOST_ROWS_OF_VECTOR } from "../../data/batches/batch.ts";
import { embeddingEnd, embeddingTensor, type ParameterLayout } from "../../model/layout.ts";
import type { SimdKernels } from "./bindings.gen.ts";
import type { SimdPointers } from "./memory/pointers.ts";
import type { SimdScratch } from "./memory/scratch.ts";
import { padded, rowStride } from "./memory/shapes.ts";

/** Describes the rows that the vectors of a batch are made of: byte offsets, and how many are distinct. */
interface MadeVectors {
  readonly offsets: number;
  readonly rows: number;
  readonly distinct: number;
}

export class SimdVectors {
  readonly #kernels: SimdKernels;
  readonly #memory: WebAssembly.Memory;
  readonly #pointers: SimdPointers;
  readonly #at: SimdScratch;
  readonly #maxVectors: number;
  /** The shape of the embedding, its byte offset in a flat vector, and the bytes before the next tensor. */
  readonly #height: number;
  readonly #width: number;
  readonly #embedding: number;
  readonly #end: number;
  /** Counts the bytes from vector to vector. */
  readonly #stride: number;
  /** Describe the last batch: its distinct tokens, and its vectors if they are made of rows. */
  #distinct = 0;
  #made: MadeVectors | undefined;

  /** Batches have at most `maxVectors` vectors that are made of rows. */
  constructor(
    kernels: SimdKernels,
    layout: ParameterLayout,
    at: SimdScratch,
    memory: WebAssembly.Memory,
    pointers: SimdPointers,
    maxVectors: number,
  ) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#pointers = pointers;
    this.#at = at;
    this.#maxVectors = maxVectors;
    const { offset, shape: [height, width] } = embeddingTensor(layout);
    [this.#height, this.#width, this.#embedding] = [height!, width!, 4 * offset];
    this.#end = 4 * embeddingEnd(layout);
    this.#stride = rowStride(width!);
  }

  /** Returns the rows of the embedding that the vectors of the last batch are made of, each once. */
  rows(): Int32Array {
    const [at, count] = this.#made ? [this.#at.rowOfPart, this.#made.distinct] : [this.#at.tokenOfSlot, this.#distinct];
    return new Int32Array(this.#memory.buffer, at, count);
  }

  /** Writes the vectors of the `distinct` tokens of `batch` to scratch. Throws a RangeError for a row out of range. */
  gather(source: number, batch: Batch, distinct: number): void {
    const kernels = this.#kernels, at = this.#at, stride = this.#stride, width = this.#width;
    const from = source + this.#embedding;
    this.#distinct = distinct;
    this.#made = this.#find(batch);
    if (this.#made) {
      const { offsets, rows } = this.#made;
      kernels.composeRows(from, width, offsets, rows, at.tokenOfSlot, distinct, at.vectors, stride);
    } else kernels.gatherRows(from, width, at.tokenOfSlot, distinct, at.vectors, stride);
    kernels.zero(at.vectors + stride * distinct, stride * (padded(distinct) - distinct));
  }

  /** Writes the gradients of the rows to the flat vector at `target`; `lazy` leaves those of other rows unchanged. */
  scatter(target: number, lazy: boolean): void {
    const kernels = this.#kernels, at = this.#at, stride = this.#stride, width = this.#width;
    const to = target + this.#embedding;
    if (!lazy) kernels.zero(target, this.#end);
    if (!this.#made) {
      kernels.scatterRows(at.vectorGradients, stride, this.#distinct, at.tokenOfSlot, to, width);
      return;
    }
    const { offsets, rows, distinct } = this.#made;
    const from = at.vectorGradients, count = this.#distinct;
    kernels.spreadRows(from, stride, at.tokenOfSlot, count, offsets, rows, at.rowOfPart, distinct, to, width);
  }

  /** Finds the distinct rows of the vectors of `batch`. */
  #find({ vectors }: Batch): MadeVectors | undefined {
    if (!vectors) return undefined;
    const { count, offsets: bounds, rows: list } = vectors;
    if (count > this.#maxVectors) {
      throw new RangeError(`The batch has ${count} vectors: expected at most ${this.#maxVectors}`);
    }
    const offsets = this.#pointers.of(bounds, "batch.vectors.offsets", count + 1);
    checkBounds(vectors);
    const length = bounds[count]!;
    const rows = this.#pointers.of(list, "batch.vectors.rows", length);
    const { slotOfToken, rowOfPart, parts } = this.#at;
    const distinct = this.#kernels.distinctTokens(rows, 1, length, 0, this.#height, slotOfToken, rowOfPart, parts);
    if (distinct >= 0) return { offsets, rows, distinct };
    const row = list[-1 - distinct];
    throw new RangeError(`batch.vectors.rows[${-1 - distinct}] is ${row}: expected 0 to ${this.#height - 1}`);
  }
}

/** Throws a RangeError if a vector has no rows, or too many. */
function checkBounds({ count, offsets }: NonNullable<Batch["vectors"]>): void {
  for (let vector = 0; vector < count; vector++) {
    const rows = offsets[vector + 1]! - offsets[vector]!;
    if (rows >= 1 && rows <= MOST_ROWS_OF_VECTOR && (vector > 0 || offsets[0] === 0)) continue;
    throw new RangeError(`Vector ${vector} of the batch has ${rows} rows: expected 1 to ${MOST_ROWS_OF_VECTOR}`);
  }
}
