/** Computes the probabilities of rows by models that were not fitted to them, on all cores. */
import { inputError } from "../../base/errors.ts";
import { counted, whole } from "../../base/counted.ts";
import { inTurns } from "../../base/turns.ts";
import { startThread } from "../../platform/threads.ts";
import { softmaxOf } from "../model.ts";
import { fitPowers } from "../powers.ts";
import { USUAL_POWERS } from "../train.ts";
import { loneFolds } from "./draw_folds.ts";
import { type FoldsStart, partsOf, shareDone, stopFolds } from "./score_folds.ts";

export interface FoldThreads {
  /** The module that a thread runs: workers/folds.ts. */
  readonly url: URL;
  readonly cores: number;
  /** Receives the share of the work that is done, a few times a second. */
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Most probabilities: 128 MiB, twice. */
const MOST_PROBABILITIES = 2 ** 25;
/** Most memory of all threads for counted features, but there is always one thread: see counted_rows.ts. */
const [MOST_BYTES, BYTES_OF_TOKEN, MOST_OF_THREAD] = [2 ** 30, 150, 2 ** 29];
const PROGRESS_MS = 200;

/**
 * Returns `[rows, classes]`: the probabilities of the rows of each fold by n-grams of the other folds. They do not depend on the
 * number of threads. Throws an InputError for too many rows, and the reason of `signal` if it aborts.
 */
export async function crossValidate(
  rows: Omit<FoldsStart, "separators" | "bayes" | "counters">,
  threads: FoldThreads,
): Promise<Float32Array> {
  const { table: { labels }, classes, foldOf } = rows;
  const size = labels.length * classes;
  if (size > MOST_PROBABILITIES) {
    const most = whole(Math.floor(MOST_PROBABILITIES / classes));
    const message =
      `${counted(labels.length, "row")} of ${counted(classes, "class")} are too many to cross-validate: ` +
      `expected at most ${most}`;
    throw inputError("crossValidate", message);
  }
  const scores = () => new Float32Array(new SharedArrayBuffer(4 * size));
  const start = {
    ...rows,
    separators: scores(),
    bayes: scores(),
    counters: new Int32Array(new SharedArrayBuffer(8)),
  };
  await runThreads(start, threads);
  threads.signal?.throwIfAborted();
  const { separators, bayes } = start;
  const doubt = 1 / (labels.length + 2);
  const { powers: [one, other] } = await inTurns(
    fitPowers([separators, bayes], labels, { usual: USUAL_POWERS, doubt }),
  );
  const lone = loneFolds(labels, foldOf, classes);
  const own = new Float64Array(classes);
  for (let row = 0; row < labels.length; row++) {
    const first = row * classes;
    for (let k = 0; k < classes; k++) {
      // Models without a row of a class know nothing of it.
      own[k] = lone[k] === foldOf[row] ? -Infinity : one! * separators[first + k]! + other! * bayes[first + k]!;
    }
    softmaxOf(own);
    separators.set(own, first);
  }
  return separators;
}

/** Does the work in threads. Ends them, and rejects if one of them fails. */
async function runThreads(start: FoldsStart, { url, cores, onProgress, signal }: FoldThreads): Promise<void> {
  const room = Math.floor(MOST_BYTES / Math.min(BYTES_OF_TOKEN * start.table.tokens.length, MOST_OF_THREAD));
  const count = Math.max(1, Math.min(cores, partsOf(start), room));
  const stop = () => stopFolds(start);
  signal?.addEventListener("abort", stop);
  const telling = setInterval(() => onProgress?.(shareDone(start)), PROGRESS_MS);
  const threads = Array.from({ length: count }, (_, index) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const thread = startThread<"done">(url, {
      name: `folds ${index}`,
      permissions: "none",
      onMessage: () => resolve(),
      onError: (message) => reject(new Error(message)),
    });
    thread.postMessage(start);
    return { thread, promise };
  });
  try {
    await Promise.all(threads.map(({ promise }) => promise));
  } finally {
    stop();
    clearInterval(telling);
    signal?.removeEventListener("abort", stop);
    for (const { thread } of threads) thread.terminate();
  }
}
