/**
 * Rounds in which only some rows of the embedding move (`embeddingRows: lazy`). Each shard stamps the rows of its
 * batches' tokens with the number of the round (from 1); after the barrier everyone reads all stamps.
 *
 * What a row of the next state is follows from them: touched in this round, it is computed anew; touched in the round
 * before, it differs between the two copies of the state and is copied; else both copies hold it already. So a round
 * costs as much as the rows it touches, and one look at the stamps. (A round that was left half done and is done again
 * must first set its stamps back to the round before.)
 */
import type { Batch } from "../data/batch.ts";
import type { Replica } from "../engine/contract.ts";

/** Tokens that one worker takes in one go. Blocks go round the workers, as frequent tokens tend to lie together. */
export const ROW_BLOCK = 16;

/** The stamp of the round that follows `committed` rounds, in the 32 bits that a stamp has. */
export function stampOf(committed: number): number {
  return (committed + 1) | 0;
}

/** Stamps the rows of the tokens of `batch`; calls `first` with each that was not stamped yet. */
export function touchRows(batch: Batch, stamps: Int32Array, stamp: number, first: (row: number) => void): void {
  const { tokens, lengths, size, length } = batch;
  for (let row = 0; row < size; row++) {
    const begin = row * length;
    const end = begin + lengths[row]!;
    for (let i = begin; i < end; i++) {
      const token = tokens[i]!;
      if (stamps[token] === stamp) continue;
      stamps[token] = stamp;
      first(token);
    }
  }
}

/** Copies rows `begin` to `end - 1`, of `width` elements each, between vectors that begin with them. */
export function copyRows(from: Float32Array, into: Float32Array, begin: number, end: number, width: number): void {
  // Not `set`, which needs two views for a row of a few cache lines.
  for (let i = begin * width; i < end * width; i++) into[i] = from[i]!;
}

/** `copyRows` for all that the optimizer moves. */
export function copyReplicaRows(from: Replica, into: Replica, begin: number, end: number, width: number): void {
  copyRows(from.weights, into.weights, begin, end, width);
  copyMomentRows(from, into, begin, end, width);
}

type Moments = Pick<Replica, "m" | "v">;

export function copyMomentRows(from: Moments, into: Moments, begin: number, end: number, width: number): void {
  copyRows(from.m, into.m, begin, end, width);
  copyRows(from.v, into.v, begin, end, width);
}

/** Calls `visit` with the blocks of rows that are `worker`'s, and their numbers. */
export function eachRowBlock(
  worker: number,
  workers: number,
  rows: number,
  visit: (begin: number, end: number, block: number) => void,
): void {
  for (let block = worker; block * ROW_BLOCK < rows; block += workers) {
    visit(block * ROW_BLOCK, Math.min((block + 1) * ROW_BLOCK, rows), block);
  }
}

/** What is done with consecutive rows that are all alike. */
export interface RunVisitor {
  /** The same shards touched all of these rows in this round. */
  touched(begin: number, end: number): void;
  /** No shard touched any of them in this round, and one did each in the round before. */
  stale(begin: number, end: number): void;
}

/** Cuts the rows from `begin` to `end - 1` into runs, by the `stamps` of all shards and the stamp of this round. */
export function eachRun(
  stamps: readonly Int32Array[],
  stamp: number,
  begin: number,
  end: number,
  visitor: RunVisitor,
): void {
  const before = (stamp - 1) | 0;
  let first = begin;
  while (first < end) {
    let last = first + 1;
    if (someStamped(stamps, stamp, first)) {
      while (last < end && stampedAlike(stamps, stamp, first, last)) last++;
      visitor.touched(first, last);
    } else if (someStamped(stamps, before, first)) {
      while (last < end && !someStamped(stamps, stamp, last) && someStamped(stamps, before, last)) last++;
      visitor.stale(first, last);
    }
    first = last;
  }
}

function someStamped(stamps: readonly Int32Array[], stamp: number, row: number): boolean {
  for (let shard = 0; shard < stamps.length; shard++) if (stamps[shard]![row] === stamp) return true;
  return false;
}

function stampedAlike(stamps: readonly Int32Array[], stamp: number, row: number, other: number): boolean {
  for (let shard = 0; shard < stamps.length; shard++) {
    const values = stamps[shard]!;
    if ((values[row] === stamp) !== (values[other] === stamp)) return false;
  }
  return true;
}
