/** Computes the probabilities of rows by models that were not fitted to them, on all cores. */
import { inputError } from "../../base/errors.ts";
import { counted, whole } from "../../base/counted.ts";
import { Pulse } from "../../platform/pulse.ts";
import { inTurns } from "../../base/turns.ts";
import { sigmoid } from "../../data/metrics.ts";
import { labelledRows } from "../../data/several.ts";
import { unlessAborted } from "../../base/waiting.ts";
import { startThread } from "../../platform/threads.ts";
import { softmaxOf } from "../model.ts";
import { fitPowers } from "../powers.ts";
import { USUAL_POWERS } from "../train.ts";
import { loneFolds } from "./draw_folds.ts";
import { beatsOf, foldCounters, type FoldsStart, partsOf, shareDone, stopFolds } from "./score_folds.ts";

export interface FoldThreads {
  /** The module that a thread runs: workers/folds.ts. */
  readonly url: URL;
  readonly cores: number;
  /** A thread that shows no sign of life for this long hangs; default: a minute. */
  readonly timeoutMs?: number;
  /** Receives the share of the work that is done, a few times a second. */
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Most probabilities: 128 MiB, twice. */
const MOST_PROBABILITIES = 2 ** 25;
/** Most memory of all threads for counted features, but there is always one thread: see counted_rows.ts. */
const [MOST_BYTES, BYTES_OF_TOKEN, MOST_OF_THREAD] = [2 ** 30, 150, 2 ** 29];
const PROGRESS_MS = 200;
/** The longest step without a sign of life weighs all rows, which takes seconds for the most features. */
const TIMEOUT_MS = 60_000;

/**
 * Returns `[rows, classes]`: the probabilities of the rows of each fold by n-grams of the other folds; those of a label that no
 * other fold has are 0. They do not depend on the number of threads. Throws an InputError for too many rows, the reason of
 * `signal` if it aborts, and an Error if a thread fails or hangs.
 */
export async function crossValidate(
  rows: Omit<FoldsStart, "separators" | "bayes" | "counters">,
  threads: FoldThreads,
): Promise<Float32Array> {
  const { table, classes, foldOf } = rows;
  const { labels, labelOffsets } = table;
  const count = labelledRows(table);
  const size = count * classes;
  if (size > MOST_PROBABILITIES) {
    const most = whole(Math.floor(MOST_PROBABILITIES / classes));
    const message = `${counted(count, "row")} of ${counted(classes, "class")} are too many to cross-validate: ` +
      `expected at most ${most}`;
    throw inputError("crossValidate", message);
  }
  const scores = () => new Float32Array(new SharedArrayBuffer(4 * size));
  const [separators, bayes] = [scores(), scores()];
  await runThreads({ ...rows, separators, bayes }, threads);
  const options = { labelOffsets, usual: USUAL_POWERS, doubt: 1 / (count + 2) };
  const { powers } = await inTurns(fitPowers([separators, bayes], labels, options));
  const lone = loneFolds(table, foldOf, classes);
  const own = new Float64Array(classes);
  for (let row = 0; row < count; row++) {
    const first = row * classes;
    for (let k = 0; k < classes; k++) {
      // Models without a row of a class know nothing of it.
      const isKnown = lone[k] !== foldOf[row];
      own[k] = isKnown ? powers[0]! * separators[first + k]! + powers[1]! * bayes[first + k]! : -Infinity;
    }
    if (labelOffsets) { for (let k = 0; k < classes; k++) own[k] = sigmoid(own[k]!); }
    else softmaxOf(own);
    separators.set(own, first);
  }
  return separators;
}

/** Does the work in threads. Ends them, and rejects if one of them fails or hangs. */
async function runThreads(work: Omit<FoldsStart, "counters">, options: FoldThreads): Promise<void> {
  const { url, cores, onProgress, signal, timeoutMs = TIMEOUT_MS } = options;
  const room = Math.floor(MOST_BYTES / Math.min(BYTES_OF_TOKEN * work.table.tokens.length, MOST_OF_THREAD));
  const count = Math.max(1, Math.min(cores, partsOf(work), room));
  const start = { ...work, counters: foldCounters(count) };
  const stop = () => stopFolds(start);
  signal?.addEventListener("abort", stop);
  const threads = Array.from({ length: count }, (_, thread) => startFolds(url, start, thread));
  const looking = setInterval(() => {
    onProgress?.(shareDone(start));
    threads.forEach(({ pulse, ended }, thread) => {
      if (!pulse.isSilent(beatsOf(start, thread), timeoutMs)) return;
      ended.reject(new Error(`a thread of the cross-validation was silent for ${timeoutMs / 1000} s`));
    });
  }, Math.min(PROGRESS_MS, timeoutMs));
  try {
    await unlessAborted(signal, Promise.all(threads.map(({ ended: { promise } }) => promise)));
  } finally {
    stop();
    clearInterval(looking);
    signal?.removeEventListener("abort", stop);
    for (const { thread } of threads) thread.terminate();
  }
}

function startFolds(url: URL, start: FoldsStart, thread: number) {
  const ended = Promise.withResolvers<void>();
  const worker = startThread<"done">(url, {
    name: `folds ${thread}`,
    permissions: "none",
    onMessage: () => ended.resolve(),
    onError: (message) => ended.reject(new Error(message)),
  });
  worker.postMessage({ start, thread });
  return { thread: worker, ended, pulse: new Pulse() };
}
