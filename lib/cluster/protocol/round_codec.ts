/**
 * Encodes the sum of a node of the tree over shards, which machines exchange. The root is the result of the round, so the
 * base of the next round has the same format.
 *
 *   fields │ float64[shards of the node][SHARD_FIELD_COUNT]
 *   rows   │ a bit for each sparse row of the embedding: 1 if a shard of the node touched it
 *   values │ float32, of each averaged part (weights, m, v): the touched rows, then everything after the rows
 */
import { Malformed } from "./envelope.ts";
import { SHARD_FIELD_COUNT } from "../../lockstep/memory/fields.ts";

/** The layout of a node's bytes depends on this. */
export interface RoundShape {
  /** Elements of a part; the first `rows · width` of them are sparse rows. */
  readonly elements: number;
  readonly rows: number;
  readonly width: number;
  /** Vectors that are averaged: 1, or 3 with moments. */
  readonly parts: number;
}

export interface RoundNode {
  /** The record fields of each shard, `[shard of the node]`. */
  readonly fields: readonly Float64Array[];
  /** The touched rows, ascending. */
  readonly rows: Int32Array;
  readonly values: Float32Array;
}

const FIELD_BYTES = SHARD_FIELD_COUNT * 8;

function rowBytes({ rows }: RoundShape): number {
  return Math.ceil(rows / 64) * 8;
}

/** Returns the number of values if `touched` rows are touched. */
function valueCount({ elements, rows, width, parts }: RoundShape, touched: number): number {
  return parts * (elements - (rows - touched) * width);
}

/** Returns the bytes of a node over `shards` shards if `rows` rows are touched. */
export function nodeBytes(shape: RoundShape, shards: number, rows: number): number {
  return shards * FIELD_BYTES + rowBytes(shape) + 4 * valueCount(shape, rows);
}

/** Copies the touched rows, and everything after all rows, out of the parts. */
export function gather(
  { elements, rows: all, width, parts: count }: RoundShape,
  parts: readonly Float32Array[],
  rows: Int32Array,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count * (elements - (all - rows.length) * width));
  let at = 0;
  for (const part of parts) {
    for (const row of rows) {
      for (let i = row * width; i < (row + 1) * width; i++) values[at++] = part[i]!;
    }
    values.set(part.subarray(all * width, elements), at);
    at += elements - all * width;
  }
  return values;
}

/** Reverses `gather`: copies `values` to their places in the parts. */
export function scatter(
  { elements, rows: all, width }: RoundShape,
  { rows, values }: Pick<RoundNode, "rows" | "values">,
  parts: readonly Float32Array[],
): void {
  let at = 0;
  for (const part of parts) {
    for (const row of rows) {
      for (let i = row * width; i < (row + 1) * width; i++) part[i] = values[at++]!;
    }
    part.set(values.subarray(at, at + elements - all * width), all * width);
    at += elements - all * width;
  }
}

export function encodeNode(shape: RoundShape, { fields, rows, values }: RoundNode): Uint8Array<ArrayBuffer> {
  const bits = rowBytes(shape);
  const bytes = new Uint8Array(fields.length * FIELD_BYTES + bits + values.byteLength);
  const numbers = new Float64Array(bytes.buffer, 0, fields.length * SHARD_FIELD_COUNT);
  fields.forEach((own, i) => numbers.set(own, i * SHARD_FIELD_COUNT));
  const flags = bytes.subarray(numbers.byteLength, numbers.byteLength + bits);
  for (const row of rows) flags[row >> 3]! |= 1 << (row & 7);
  new Float32Array(bytes.buffer, numbers.byteLength + bits).set(values);
  return bytes;
}

/** Returns the touched rows of a node over `shards` shards. Throws Malformed if `bytes` do not encode such a node. */
export function checkNode(shape: RoundShape, shards: number, bytes: Uint8Array): number[] {
  const bits = rowBytes(shape);
  const begin = shards * FIELD_BYTES;
  const flags = bytes.subarray(begin, begin + bits);
  const touched: number[] = [];
  for (let row = 0; row < shape.rows; row++) if (flags[row >> 3]! >> (row & 7) & 1) touched.push(row);
  const expected = nodeBytes(shape, shards, touched.length);
  // Shards without samples have no values.
  if (bytes.length !== expected && bytes.length !== begin + bits) {
    throw new Malformed(`A node of ${shards} shards has ${bytes.length} bytes: expected ${expected}`);
  }
  return touched;
}

/** Decodes a node over `shards` shards. Throws Malformed if `bytes` do not encode such a node. */
export function decodeNode(shape: RoundShape, shards: number, bytes: Uint8Array): RoundNode {
  const touched = checkNode(shape, shards, bytes);
  const copy = bytes.slice().buffer; // Aligned.
  const begin = shards * FIELD_BYTES;
  return {
    fields: Array.from({ length: shards }, (_, i) => new Float64Array(copy, i * FIELD_BYTES, SHARD_FIELD_COUNT)),
    rows: Int32Array.from(touched),
    values: new Float32Array(copy, begin + rowBytes(shape)),
  };
}
