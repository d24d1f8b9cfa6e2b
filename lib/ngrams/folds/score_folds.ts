/**
 * Scores the rows of each fold by n-grams of the other folds. Several threads share the work and write into the same arrays:
 * what they write depends neither on their number nor on their speed.
 */
import type { EncodedTable } from "../../data/batches/table.ts";
import type { TokenVectors } from "../../data/vocabulary/choose_vocabulary.ts";
import type { TokenKeys } from "../../data/vocabulary/token_keys.ts";
import { countRows, mostFeatures, weighRows } from "../counted_rows.ts";
import type { NgramSpace } from "../features.ts";
import { fitBayes, fitScore } from "../fits.ts";
import { MANY_SCORES, scoresOf } from "../model.ts";
import { scoreOf, someOf } from "../splits.ts";
import { FIT_WORK, PASSES, ROW_WORK } from "../train.ts";

/** The rows, the folds, and where scores go. All large arrays are in shared memory. */
export interface FoldsStart {
  readonly table: EncodedTable;
  readonly space: NgramSpace;
  readonly classes: number;
  readonly vocabulary: TokenKeys;
  readonly vectors?: TokenVectors;
  readonly foldOf: Uint8Array;
  readonly folds: number;
  readonly seed: number;
  /** `[rows, classes]`: scores of support vector machines, and of naive Bayes. Of two classes, those of the first are 0. */
  readonly separators: Float32Array;
  readonly bayes: Float32Array;
  /** The next part of the work, the parts that are done, and for each thread a counter that shows that it is alive. */
  readonly counters: Int32Array;
}

const [NEXT, DONE, HEARTS] = [0, 1, 2];
/** The next part of work that is stopped: there are not so many. */
const STOPPED = 2 ** 30;

/** Cost of an error and length of letters: on real texts with wrong labels, others found no more of them. */
const [COST, LETTERS_LENGTH] = [0.4, 0.75];

/** Returns how many parts the work has: one for each score of each fold. */
export function partsOf({ folds, ...rows }: Pick<FoldsStart, "folds" | "classes" | "table">): number {
  return folds * widthOf(rows);
}

function widthOf({ classes, table: { labelOffsets } }: Pick<FoldsStart, "classes" | "table">): number {
  return scoresOf(classes, labelOffsets && "many");
}

/** Returns counters for so many threads, in shared memory. */
export function foldCounters(threads: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * (HEARTS + threads)));
}

/** Returns the signs of life of a thread. */
export function beatsOf({ counters }: Pick<FoldsStart, "counters">, thread: number): number {
  return Atomics.load(counters, HEARTS + thread);
}

/** Returns the share of the work that is done. */
export function shareDone(start: FoldsStart): number {
  return Atomics.load(start.counters, DONE) / partsOf(start);
}

/** Makes all threads end soon. */
export function stopFolds({ counters }: FoldsStart): void {
  Atomics.store(counters, NEXT, STOPPED);
}

/** Takes parts of the work until all are taken, as the thread with this number. */
export function scoreFolds(start: FoldsStart, thread: number): void {
  const { table, space, classes, vocabulary, vectors, foldOf, seed, counters } = start;
  const [width, parts] = [widthOf(start), partsOf(start)];
  const stopped = () => {
    Atomics.add(counters, HEARTS + thread, 1);
    return Atomics.load(counters, NEXT) >= STOPPED;
  };
  const counted = countRows(
    [table],
    space,
    vocabulary,
    mostFeatures(width),
    stopped,
    width < MANY_SCORES ? vectors : undefined,
  );
  if (!counted) return;
  const [classWeights, metric] = [undefined, "log-loss" as const];
  const problem = { counted, labelled: table, classes, width, classWeights, metric, seed, stopped };
  const work = (counted.columns.length + (ROW_WORK + (counted.words?.width ?? 0)) * counted.rows) * parts * PASSES;
  const rows = Uint32Array.from(foldOf.keys());
  const ofFold = (fold: number) => {
    const fitted = someOf(rows.filter((row) => foldOf[row] !== fold), FIT_WORK / work, seed);
    return { fold, fitted, weighed: weighRows(counted, fitted, LETTERS_LENGTH) };
  };
  let others: ReturnType<typeof ofFold> | undefined;
  for (let part = Atomics.add(counters, NEXT, 1); part < parts; part = Atomics.add(counters, NEXT, 1)) {
    const [fold, k] = [Math.floor(part / width), part % width];
    stopped();
    if (others?.fold !== fold) others = ofFold(fold);
    const { fitted, weighed } = others;
    const separator = fitScore(problem, weighed, fitted, k, COST);
    const bayes = separator && fitBayes(problem, weighed, fitted, k);
    if (!bayes) break;
    for (let row = 0; row < rows.length; row++) {
      if (foldOf[row] !== fold) continue;
      const at = row * classes + classes - width + k;
      start.separators[at] = scoreOf(weighed, row, separator);
      start.bayes[at] = scoreOf(weighed, row, bayes);
    }
    Atomics.add(counters, DONE, 1);
  }
}
