/**
 * Fits the scores of a model that has many: each to its own rows and to those that resemble them, with the features that its
 * own rows have. All rows and features would take labels times rows, and most labels have few rows (compare Babbar and
 * Schölkopf, "DiSMEC", WSDM 2017; Prabhu et al., "Parabel", WWW 2018).
 */
import { Random, Stream } from "../../base/numbers/random.ts";
import { countLabels } from "../../data/batches/class_weights.ts";
import type { RowLabels } from "../../data/batches/table.ts";
import type { WeighedRows } from "../counted_rows.ts";
import { fitSeparator } from "../svm.ts";

/** Most weights of all scores together. */
const MOST_WEIGHTS = 2 ** 23;
/** Other rows for each own one of a score, and at least so many: half of them those that resemble its own most. */
const [OTHERS, FEWEST_OTHERS] = [6, 200];
/** Features by which rows resemble those of a score. */
const STRONGEST = 64;
/** Value of all features that each score has besides those of its rows, in the shares of all rows. */
const PRIOR = 100;

/** Returns how many rows a score with `own` ones is fitted to, of `all`. */
export function narrowRows(own: number, all: number): number {
  return Math.min(all, own + Math.max(FEWEST_OTHERS, OTHERS * own));
}

/** Returns how often narrow fits of all scores read each row, about. */
export function narrowShare({ labels, labelOffsets }: RowLabels, classes: number): number {
  const rows = labelOffsets ? labelOffsets.length - 1 : labels.length;
  return countLabels(labels, classes).reduce((sum, own) => sum + narrowRows(own, rows), 0) / rows;
}

/** Weights `[columns + 1]` with the bias at the end, which are valid until the next fit: 0 for all but some columns. */
export interface NarrowFits {
  readonly fitBayes: (k: number) => Float64Array;
  readonly fitScore: (k: number, cost: (row: number) => number, seed: number, stopped: () => boolean) =>
    | Float64Array
    | undefined;
}

/** `fitted` lists the rows, and `ownOf` those of a score among them. */
export function createNarrowFits(
  weighed: WeighedRows,
  fitted: Uint32Array,
  scores: number,
  ownOf: (k: number) => readonly number[],
  mostWeights = MOST_WEIGHTS,
): NarrowFits {
  const { offsets, columns, values, width } = weighed;
  const sums = new Float64Array(width);
  const total = addRows(weighed, fitted, sums);
  const index = indexOf(weighed, fitted);
  const own = new Float64Array(width);
  /** Per column: its position among those of the score plus 1, or 0. */
  const places = new Uint32Array(width);
  const resemblance = new Float64Array(offsets.length - 1);
  const [bayes, separator] = [sparseVector(width), sparseVector(width)];
  const most = mostColumns(weighed, scores, ownOf, places, mostWeights);

  /** Returns the columns of a score, the strongest first, and writes their naive Bayes weights to `bayes`. */
  function columnsOf(k: number): Uint32Array {
    const rows = ownOf(k);
    const ofOwn = addRows(weighed, rows, own);
    const found: number[] = [];
    for (const row of rows) {
      for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
        const column = columns[i]!;
        if (places[column] !== 0 || values[i] === 0) continue;
        places[column] = 1;
        found.push(column);
      }
    }
    for (const column of found) places[column] = 0;
    // Dirichlet smoothing (Zhai and Lafferty, TOIS 2004). What all features without a weight say is in the bias.
    const weightOf = (column: number) => Math.log1p(own[column]! * total / (PRIOR * sums[column]!));
    const weights = Float64Array.from(found, weightOf);
    const strength = weights.map((weight, i) => weight * own[found[i]!]!);
    const order = Uint32Array.from(found.keys()).sort((a, b) => strength[b]! - strength[a]! || found[a]! - found[b]!);
    const kept = order.subarray(0, most);
    bayes.clear();
    for (const i of kept) bayes.set(found[i]!, weights[i]!);
    const ofRow = total / fitted.length;
    bayes.bias(Math.log((1 + rows.length) / (1 + fitted.length - rows.length)) - ofRow * Math.log1p(ofOwn / PRIOR));
    for (const column of found) own[column] = 0;
    return kept.map((i) => found[i]!);
  }

  /** Returns the own rows of a score, then those that resemble them most, then evenly drawn ones. */
  function rowsOf(k: number, strongest: Uint32Array): Uint32Array {
    const rows = ownOf(k);
    const count = narrowRows(rows.length, fitted.length);
    if (count === fitted.length) return fitted;
    const found: number[] = [];
    for (const column of strongest) {
      const weight = bayes.values[column]!;
      for (let i = index.starts[column]!; i < index.starts[column + 1]!; i++) {
        const row = index.rows[i]!;
        if (resemblance[row] === 0) found.push(row);
        resemblance[row]! += weight * index.values[i]!;
      }
    }
    const chosen = new Set(rows);
    const near = found.sort((a, b) => resemblance[b]! - resemblance[a]! || a - b);
    const wanted = chosen.size + Math.ceil((count - chosen.size) / 2);
    for (const row of near) if (chosen.size < wanted) chosen.add(row);
    for (const row of near) resemblance[row] = 0;
    const step = fitted.length / (count - chosen.size);
    for (let at = 0; at < fitted.length; at += step) chosen.add(fitted[Math.floor(at)]!);
    return Uint32Array.from(chosen);
  }

  function fitScore(k: number, cost: (row: number) => number, seed: number, stopped: () => boolean) {
    const own = columnsOf(k);
    const rows = rowsOf(k, own.subarray(0, STRONGEST));
    own.forEach((column, position) => places[column] = position + 1);
    const part = partOf(weighed, rows, places, own.length);
    for (const column of own) places[column] = 0;
    const isOwn = new Set(ownOf(k));
    const random = new Random(seed, Stream.baseline).seek(1 + k);
    const all = Uint32Array.from(rows.keys());
    const weights = fitSeparator(part, all, (at) => isOwn.has(rows[at]!), (at) => cost(rows[at]!), random, stopped);
    if (!weights) return undefined;
    separator.clear();
    own.forEach((column, position) => separator.set(column, weights[position]!));
    separator.bias(weights[own.length]!);
    return separator.values;
  }

  return {
    fitScore,
    fitBayes(k) {
      columnsOf(k);
      return bayes.values;
    },
  };
}

/** An array `[width + 1]` whose values but some are 0. */
function sparseVector(width: number) {
  const values = new Float64Array(width + 1);
  let used: number[] = [];
  return {
    values,
    clear() {
      for (const column of used) values[column] = 0;
      used = [];
    },
    set(column: number, value: number) {
      values[column] = value;
      used.push(column);
    },
    bias: (value: number) => values[width] = value,
  };
}

/** Adds the values of `rows` to `sums`, and returns their sum. */
function addRows({ offsets, columns, values }: WeighedRows, rows: Iterable<number>, sums: Float64Array): number {
  let total = 0;
  for (const row of rows) {
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      sums[columns[i]!]! += values[i]!;
      total += values[i]!;
    }
  }
  return total;
}

/** Returns the rows that have each column, and their values. */
function indexOf({ offsets, columns, values, width }: WeighedRows, fitted: Uint32Array) {
  const starts = new Uint32Array(width + 1);
  for (const row of fitted) for (let i = offsets[row]!; i < offsets[row + 1]!; i++) starts[columns[i]! + 1]!++;
  for (let column = 0; column < width; column++) starts[column + 1]! += starts[column]!;
  const next = starts.slice();
  const rows = new Uint32Array(starts[width]!);
  const own = new Float32Array(starts[width]!);
  for (const row of fitted) {
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      const at = next[columns[i]!]!++;
      rows[at] = row;
      own[at] = values[i]!;
    }
  }
  return { starts, rows, values: own };
}

/** Returns how many columns each score may have at most, so that all have no more than `mostWeights`. */
function mostColumns(
  { offsets, columns }: WeighedRows,
  scores: number,
  ownOf: (k: number) => readonly number[],
  places: Uint32Array,
  mostWeights: number,
): number {
  const counts = new Uint32Array(scores);
  for (let k = 0; k < scores; k++) {
    for (const row of ownOf(k)) {
      for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
        if (places[columns[i]!] === k + 1) continue;
        places[columns[i]!] = k + 1;
        counts[k]!++;
      }
    }
  }
  places.fill(0);
  let [left, most] = [mostWeights, mostWeights];
  counts.sort().forEach((count, k) => {
    most = Math.floor(left / (scores - k));
    left -= Math.min(count, most);
  });
  return Math.max(1, most);
}

/** Returns the columns of some rows that have a place, under its number. */
function partOf({ offsets, columns, values }: WeighedRows, rows: Uint32Array, places: Uint32Array, width: number) {
  const starts = new Uint32Array(rows.length + 1);
  let room = 0;
  for (const row of rows) room += offsets[row + 1]! - offsets[row]!;
  const part = { offsets: starts, columns: new Uint32Array(room), values: new Float32Array(room), width };
  let at = 0;
  rows.forEach((row, position) => {
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      const place = places[columns[i]!]!;
      if (place === 0) continue;
      part.columns[at] = place - 1;
      part.values[at++] = values[i]!;
    }
    starts[position + 1] = at;
  });
  return part;
}
