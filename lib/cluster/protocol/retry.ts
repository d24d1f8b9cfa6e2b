/** Repeats failed requests to a broker until they succeed, or until the broker has refused for too long. */
import { errorMessage, TrainingError } from "../../base/errors.ts";
import type { Clock } from "./clock.ts";
import { Unreachable } from "./transport.ts";

const FIRST_MS = 50;
const LONGEST_MS = 2000;
/** Limits how long a broker that answers may refuse. One that does not answer is awaited without a limit. */
const REFUSED_MS = 60_000;

/** Measures how long a broker has answered with refusals only. */
export class Refusals {
  readonly #clock: Clock;
  #since: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records a failure. Throws a TrainingError if the broker has refused for too long. */
  check(error: Error, isAnswer: boolean): void {
    if (!isAnswer) return this.clear();
    const now = this.#clock.now();
    this.#since ??= now;
    if (now - this.#since < REFUSED_MS) return;
    throw new TrainingError(`${errorMessage(error)}, for ${REFUSED_MS / 1000} s`, { cause: error });
  }

  clear(): void {
    this.#since = undefined;
  }
}

/**
 * Repeats `work` until it succeeds, and resolves to its result. After failure number `attempt`, `pauseAfter` returns the
 * milliseconds to the next attempt, or throws the error that ends them. Throws the reason of `signal` when that aborts.
 */
export async function repeat<Result>(
  clock: Clock,
  work: () => Promise<Result>,
  pauseAfter: (error: unknown, attempt: number) => number,
  signal?: AbortSignal,
): Promise<Result> {
  for (let attempt = 1;; attempt++) {
    signal?.throwIfAborted();
    let pauseMs;
    try {
      return await work();
    } catch (error) {
      pauseMs = pauseAfter(error, attempt);
    }
    await clock.sleep(pauseMs, signal);
  }
}

/**
 * Repeats `work`, with longer and longer pauses, while the broker is unreachable. Calls `missed` after each failure with
 * the time since the first attempt. Throws every other error of `work`, the reason of `signal` when that aborts, and a
 * TrainingError if the broker answers with refusals for too long.
 */
export function retry<Result>(
  clock: Clock,
  signal: AbortSignal,
  work: () => Promise<Result>,
  missed?: (error: Unreachable, sinceMs: number) => void,
): Promise<Result> {
  const refusals = new Refusals(clock);
  const startedAt = clock.now();
  return repeat(clock, work, (error, attempt) => {
    if (!(error instanceof Unreachable)) throw error;
    refusals.check(error, error.isAnswer);
    missed?.(error, clock.now() - startedAt);
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  }, signal);
}
