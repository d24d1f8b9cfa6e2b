/**
 * Tracks the rows of the embedding that a round moves (`embeddingRows: lazy`). Each shard stamps the rows that its batches
 * read with the number of the round (from 1); after the barrier everyone reads all stamps.
 *
 * The stamps decide how a row of the next state is made. A row touched in this round is computed. A row touched in the
 * round before differs between the two copies of the state and is copied. Both copies hold all other rows already. So a
 * round costs as much as the rows that it touches, and a look at the stamps. (A repeated round must first set the stamps
 * of the interrupted one back to the round before.)
 */
import type { Batch } from "../../data/batches/batch.ts";
import type { Engine, Replica, RowSlices } from "../../engine/contract.ts";
import { eachRowAmong } from "../../engine/reference/rows.ts";

/** Returns the stamp of the round that follows `committed` rounds, in the 32 bits of a stamp. */
export function stampOf(committed: number): number {
  return (committed + 1) | 0;
}

/** Stamps the rows of the embedding that `batch` reads; calls `first` with each that was not stamped yet. */
export function touchRows(batch: Batch, stamps: Int32Array, stamp: number, first: (row: number) => void): void {
  const { tokens, lengths, size, length, vectors } = batch;
  const touch = (list: Int32Array, begin: number, end: number) => {
    for (let i = begin; i < end; i++) {
      const row = list[i]!;
      if (stamps[row] === stamp) continue;
      stamps[row] = stamp;
      first(row);
    }
  };
  if (vectors) return touch(vectors.rows, 0, vectors.offsets[vectors.count]!);
  for (let row = 0; row < size; row++) touch(tokens, row * length, row * length + lengths[row]!);
}

/** Copies rows `begin` to `end - 1`, of `width` elements each, between vectors that begin with the embedding. */
export function copyRowRange(from: Float32Array, into: Float32Array, begin: number, end: number, width: number): void {
  // Not `set`, which needs two views for a row of a few cache lines.
  for (let i = begin * width; i < end * width; i++) into[i] = from[i]!;
}

/** Copies rows of weights and moments, as `copyRowRange` does. */
export function copyReplicaRows(from: Replica, into: Replica, begin: number, end: number, width: number): void {
  copyRowRange(from.weights, into.weights, begin, end, width);
  copyMomentRows(from, into, begin, end, width);
}

type Moments = Pick<Replica, "m" | "v">;

export function copyMomentRows(from: Moments, into: Moments, begin: number, end: number, width: number): void {
  copyRowRange(from.m, into.m, begin, end, width);
  copyRowRange(from.v, into.v, begin, end, width);
}

/** Lists one worker's rows in a round. */
interface RowsOfRound {
  /** Rows that some shard touched in this round. */
  readonly touched: Int32Array;
  /** Rows that no shard touched in this round, and one did in the round before. */
  readonly stale: Int32Array;
  /** Calls `visit` with each slice of the worker and its rows of `touched`, in order. */
  eachSlice(visit: (slice: number, touched: Int32Array) => void): void;
}

/** Counts the neighbouring rows that belong to one slice, as they share cache lines. */
const ROW_BLOCK = 16;
/** Counts the slices of all rows. Blocks are dealt to the slices in turn, as frequent tokens tend to lie together. */
export const ROW_SLICES = 64;

function sliceOf(row: number): number {
  return Math.floor(row / ROW_BLOCK) % ROW_SLICES;
}

/** Describes the rows of `worker` in the engine's terms. */
function slicesOf(worker: number, workers: number): RowSlices {
  return { block: ROW_BLOCK, slices: ROW_SLICES, first: worker, step: workers };
}

/** Lists all rows of `worker`. */
export function rowsOf(worker: number, workers: number, rows: number): Int32Array<ArrayBuffer> {
  const own: number[] = [];
  eachRowAmong(slicesOf(worker, workers), rows, (row) => own.push(row));
  return Int32Array.from(own);
}

/** Returns the largest number of rows that one worker can have. */
export function mostRowsOf(workers: number, rows: number): number {
  const blocks = Math.ceil(rows / ROW_BLOCK);
  return Math.min(rows, Math.ceil(ROW_SLICES / workers) * Math.ceil(blocks / ROW_SLICES) * ROW_BLOCK);
}

export type RowFinder = (stamps: readonly Int32Array[], stamp: number) => RowsOfRound;

/**
 * Returns the function that finds `worker`'s rows in a round, by the stamps of some shards and the stamp of the round.
 * `engine` lists them in `list`, of `mostRowsOf(workers, rows)` words: they are valid until the next call.
 */
export function createRowFinder(
  engine: Pick<Engine, "findRows">,
  worker: number,
  workers: number,
  rows: number,
  list: Int32Array,
): RowFinder {
  const among = slicesOf(worker, workers);
  return (stamps, stamp) => {
    const found = engine.findRows({ stamps, stamp, rows, among, list });
    const touched = list.subarray(0, found.touched);
    return {
      touched,
      stale: list.subarray(list.length - found.stale),
      eachSlice(visit) {
        let begin = 0;
        for (let slice = worker; slice < ROW_SLICES; slice += workers) {
          let end = begin;
          while (end < touched.length && sliceOf(touched[end]!) === slice) end++;
          visit(slice, touched.subarray(begin, end));
          begin = end;
        }
      },
    };
  };
}
