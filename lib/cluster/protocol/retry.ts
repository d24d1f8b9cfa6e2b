import type { Clock } from "./clock.ts";
import { errorMessage, TrainingError } from "../../base/errors.ts";
import { Unreachable } from "./transport.ts";

const FIRST_MS = 50;
const LONGEST_MS = 2000;
/** How long a broker that answers may say no. One that does not answer is waited for until it does. */
const REFUSED_MS = 60_000;

/** Answers of the broker that say no, one after the other. */
export class Refusals {
  readonly #clock: Clock;
  #since: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes note of a failure. Throws a TrainingError where the broker has said nothing but no for too long. */
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
 * What `work` comes to, tried again after ever longer pauses as long as the broker cannot be reached. `missed` hears of
 * each failure, and how long it has gone on. Throws what `signal` aborts with, everything else that `work` throws, and a
 * TrainingError where the broker answers and says no for too long.
 */
export async function retry<Result>(
  clock: Clock,
  signal: AbortSignal,
  work: () => Promise<Result>,
  missed?: (error: Unreachable, sinceMs: number) => void,
): Promise<Result> {
  const refusals = new Refusals(clock);
  const startedAt = clock.now();
  for (let pause = FIRST_MS;; pause = Math.min(LONGEST_MS, pause * 2)) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      refusals.check(error, error.isAnswer);
      missed?.(error, clock.now() - startedAt);
    }
    await clock.sleep(pause, signal);
  }
}
