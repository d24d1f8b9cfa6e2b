/** Implements the contract's work on rows of the embedding in plain TypeScript: tests compare other engines with it. */
import { embeddingTensor, type ParameterLayout } from "../../model/layout.ts";
import type { AverageRowsOptions, FindRowsOptions, RowsFound, RowSlices } from "../contract.ts";
import { createTreeMean, squaredDistance } from "../tree_mean.ts";

/** Implements `averageRows` of the contract. */
export function averageRows(layout: ParameterLayout, options: AverageRowsOptions): number {
  const { vectors, coefficients, into, rows, stamps, stamp, drift } = options;
  const { mean } = createTreeMean(vectors.length);
  const otherwise = options.otherwise ?? new Float32Array(layout.size);
  let distance = 0;
  eachRow(layout, rows, (begin, end, row) => {
    const owners = vectors.map((values, index) => stamps[index]![row] === stamp ? values : otherwise);
    mean(owners, coefficients, into, begin, end);
    if (drift) distance += squaredDistance(owners, into, begin, end);
  });
  return distance;
}

/** Implements `copyRows` of the contract. */
export function copyRows(layout: ParameterLayout, from: Float32Array, into: Float32Array, rows: Int32Array): void {
  eachRow(layout, rows, (begin, end) => into.set(from.subarray(begin, end), begin));
}

/** Calls `visit` in order with each of the rows 0 to `rows - 1` that `among` selects. */
export function eachRowAmong(
  { block, slices, first, step }: RowSlices,
  rows: number,
  visit: (row: number) => void,
): void {
  for (let slice = first; slice < slices; slice += step) {
    for (let begin = slice * block; begin < rows; begin += slices * block) {
      for (let row = begin; row < Math.min(begin + block, rows); row++) visit(row);
    }
  }
}

/** Implements `findRows` of the contract. */
export function findRows({ stamps, stamp, rows, among, list }: FindRowsOptions): RowsFound {
  const before = (stamp - 1) | 0;
  const touched: number[] = [], stale: number[] = [];
  eachRowAmong(among, rows, (row) => {
    if (stamps.some((values) => values[row] === stamp)) touched.push(row);
    else if (stamps.some((values) => values[row] === before)) stale.push(row);
  });
  const found = { touched: touched.length, stale: stale.length };
  checkRoom(found, list);
  list.set(touched);
  list.set(stale.reverse(), list.length - stale.length);
  return found;
}

/** Throws a RangeError if the rows found do not fit into `list`. */
export function checkRoom({ touched, stale }: RowsFound, list: Int32Array): void {
  if (touched + stale <= list.length) return;
  throw new RangeError(`list has ${list.length} elements: expected at least ${touched + stale} for the rows found`);
}

function eachRow(
  layout: ParameterLayout,
  rows: Int32Array,
  visit: (begin: number, end: number, row: number) => void,
): void {
  const { offset, shape: [, width] } = embeddingTensor(layout);
  for (const row of rows) visit(offset + row * width!, offset + (row + 1) * width!, row);
}
