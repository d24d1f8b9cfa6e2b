/** Calls the kernels that average vectors or rows, and that copy and find rows. */
import { embeddingEnd, embeddingTensor, type ParameterLayout } from "../../model/layout.ts";
import type { AverageOptions, AverageRowsOptions, FindRowsOptions, RowsFound } from "../contract.ts";
import { checkRoom } from "../reference/rows.ts";
import type { SimdKernels } from "./bindings.gen.ts";
import { eachRowList, type SimdPointers, type SimdShardLists } from "./memory/pointers.ts";
import type { SimdScratch } from "./memory/scratch.ts";

export class SimdAverager {
  readonly #kernels: SimdKernels;
  readonly #pointers: SimdPointers;
  readonly #scratch: SimdScratch;
  readonly #memory: WebAssembly.Memory;
  readonly #lists: SimdShardLists;
  /** Views the words at `spare`: the numbers of touched and of stale rows. */
  readonly #found: Int32Array;
  /** The bytes before the embedding's first row, its rows, the elements of a row, and the first element after all rows. */
  readonly #shift: number;
  readonly #height: number;
  readonly #width: number;
  readonly #end: number;

  constructor(
    kernels: SimdKernels,
    layout: ParameterLayout,
    scratch: SimdScratch,
    memory: WebAssembly.Memory,
    pointers: SimdPointers,
    lists: SimdShardLists,
  ) {
    this.#kernels = kernels;
    this.#pointers = pointers;
    this.#scratch = scratch;
    this.#memory = memory;
    this.#lists = lists;
    this.#found = new Int32Array(memory.buffer, scratch.spare, 2);
    const { offset, shape: [height, width] } = embeddingTensor(layout);
    [this.#shift, this.#height, this.#width] = [4 * offset, height!, width!];
    this.#end = embeddingEnd(layout);
  }

  average({ vectors, coefficients, into, begin, end, drift }: AverageOptions): number {
    const { vectorPointers, coefficients: factors, stack } = this.#scratch;
    const target = this.#pointers.of(into, "into", end) + 4 * begin;
    this.#lists.vectors(vectors, coefficients, end, 4 * begin);
    return this.#kernels.average(vectorPointers, factors, vectors.length, target, end - begin, stack, drift ? 1 : 0);
  }

  averageRows({ vectors, coefficients, into, drift, rows, stamps, stamp, otherwise }: AverageRowsOptions): number {
    if (rows.length === 0) return 0;
    const at = this.#scratch;
    const target = this.#pointers.of(into, "into", this.#end) + this.#shift;
    const others = otherwise && this.#pointers.ofVector(otherwise, "otherwise") + this.#shift;
    this.#lists.vectors(vectors, coefficients, this.#end, this.#shift);
    this.#lists.stamps(stamps, this.#height);
    let distance = 0;
    eachRowList(this.#memory, at.someRows, rows, (list, count) => {
      distance += this.#kernels.averageRows({
        rows: list,
        count,
        width: this.#width,
        height: this.#height,
        vectors: at.vectorPointers,
        stamps: at.stampPointers,
        stamp,
        otherwise: others ?? at.zeros,
        otherwiseStride: others === undefined ? 0 : 4 * this.#width,
        coefficients: at.coefficients,
        shards: vectors.length,
        to: target,
        pointers: at.rowPointers,
        stack: at.stack,
        drift: drift ? 1 : 0,
      });
    });
    return distance;
  }

  copyRows(from: Float32Array, into: Float32Array, rows: Int32Array): void {
    const source = this.#pointers.ofVector(from, "from") + this.#shift;
    const target = this.#pointers.ofVector(into, "into") + this.#shift;
    if (rows.length === 0) return;
    eachRowList(this.#memory, this.#scratch.someRows, rows, (list, count) => {
      this.#kernels.copyRows(list, count, this.#width, this.#height, source, target);
    });
  }

  findRows({ stamps, stamp, rows, among: { block, slices, first, step }, list }: FindRowsOptions): RowsFound {
    const { stampPointers, spare } = this.#scratch;
    const room = this.#pointers.of(list, "list", 0);
    this.#lists.stamps(stamps, rows);
    this.#kernels.findRows({
      stamps: stampPointers,
      shards: stamps.length,
      stamp,
      height: rows,
      block,
      parts: slices,
      first,
      step,
      list: room,
      room: list.length,
      found: spare,
    });
    const found = { touched: this.#found[0]!, stale: this.#found[1]! };
    checkRoom(found, list);
    return found;
  }
}
