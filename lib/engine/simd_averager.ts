/**
 * Means of vectors, whole or by rows, and what else a round does by rows, by the simd engine's kernels. Vectors and stamps
 * are byte offsets here.
 */
import { embeddingTensor, type ParameterLayout } from "../model/layout.ts";
import type { FindRowsOptions, RowsFound } from "./contract.ts";
import { checkRoom } from "./plain_rows.ts";
import type { SimdKernels } from "./simd_kernels.ts";
import { eachRowList } from "./simd_row_list.ts";
import { MAX_SHARDS, type SimdScratch } from "./simd_scratch.ts";

export interface VectorOffsets {
  readonly vectors: readonly number[];
  readonly coefficients: Float32Array;
  readonly into: number;
  readonly drift: boolean;
}

export interface RowOffsets extends VectorOffsets {
  readonly rows: Int32Array;
  readonly stamps: readonly number[];
  readonly stamp: number;
  readonly otherwise: number | undefined;
}

export interface StampOffsets extends Omit<FindRowsOptions, "stamps"> {
  readonly stamps: readonly number[];
}

export class SimdAverager {
  readonly #kernels: SimdKernels;
  readonly #scratch: SimdScratch;
  readonly #memory: WebAssembly.Memory;
  readonly #vectorPointers: Int32Array;
  readonly #stampPointers: Int32Array;
  readonly #coefficients: Float32Array;
  /** A view on the words at `spare`: how many rows are touched, and how many stale. */
  readonly #found: Int32Array;
  /** Bytes in front of the embedding's first row; its rows; elements of one. */
  readonly #shift: number;
  readonly #height: number;
  readonly #width: number;

  constructor(kernels: SimdKernels, layout: ParameterLayout, scratch: SimdScratch, memory: WebAssembly.Memory) {
    this.#kernels = kernels;
    this.#scratch = scratch;
    this.#memory = memory;
    this.#vectorPointers = new Int32Array(memory.buffer, scratch.vectorPointers, MAX_SHARDS);
    this.#stampPointers = new Int32Array(memory.buffer, scratch.stampPointers, MAX_SHARDS);
    this.#coefficients = new Float32Array(memory.buffer, scratch.coefficients, MAX_SHARDS);
    this.#found = new Int32Array(memory.buffer, scratch.spare, 2);
    const { offset, shape: [height, width] } = embeddingTensor(layout);
    [this.#shift, this.#height, this.#width] = [4 * offset, height!, width!];
  }

  average({ vectors, coefficients, into, drift }: VectorOffsets, begin: number, end: number): number {
    this.#list(vectors, coefficients, 4 * begin);
    const { vectorPointers, coefficients: factors, stack } = this.#scratch;
    const target = into + 4 * begin;
    return this.#kernels.average(vectorPointers, factors, vectors.length, target, end - begin, stack, drift ? 1 : 0);
  }

  averageRows({ vectors, coefficients, into, drift, rows, stamps, stamp, otherwise }: RowOffsets): number {
    const at = this.#scratch;
    this.#list(vectors, coefficients, this.#shift);
    this.#listStamps(stamps);
    let distance = 0;
    eachRowList(this.#memory, at, rows, (list, count) => {
      distance += this.#kernels.averageRows(
        list,
        count,
        this.#width,
        this.#height,
        at.vectorPointers,
        at.stampPointers,
        stamp,
        otherwise === undefined ? at.zeros : otherwise + this.#shift,
        otherwise === undefined ? 0 : 4 * this.#width,
        at.coefficients,
        vectors.length,
        into + this.#shift,
        at.rowPointers,
        at.stack,
        drift ? 1 : 0,
      );
    });
    return distance;
  }

  copyRows(from: number, into: number, rows: Int32Array): void {
    eachRowList(this.#memory, this.#scratch, rows, (list, count) => {
      this.#kernels.copyRows(list, count, this.#width, this.#height, from + this.#shift, into + this.#shift);
    });
  }

  findRows({ stamps, stamp, rows, among, list }: StampOffsets): RowsFound {
    const { stampPointers, spare } = this.#scratch;
    const { block, parts, first, step } = among;
    const { byteOffset, length } = list;
    this.#listStamps(stamps);
    this.#kernels.findRows(
      stampPointers,
      stamps.length,
      stamp,
      rows,
      block,
      parts,
      first,
      step,
      byteOffset,
      length,
      spare,
    );
    const found = { touched: this.#found[0]!, stale: this.#found[1]! };
    checkRoom(found, list);
    return found;
  }

  #listStamps(stamps: readonly number[]): void {
    checkCount(stamps);
    for (let i = 0; i < stamps.length; i++) this.#stampPointers[i] = stamps[i]!;
  }

  #list(vectors: readonly number[], coefficients: Float32Array, shift: number): void {
    checkCount(vectors);
    for (let i = 0; i < vectors.length; i++) {
      this.#vectorPointers[i] = vectors[i]! + shift;
      this.#coefficients[i] = coefficients[i]!;
    }
  }
}

function checkCount({ length }: readonly number[]): void {
  if (length > MAX_SHARDS) throw new RangeError(`Cannot take ${length} vectors: at most ${MAX_SHARDS}`);
}
