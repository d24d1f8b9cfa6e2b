/** Waiting for a server that is down when a machine starts, as after a power cut: for a while, and not without a word. */
import { errorMessage, TrainingError } from "../../base/errors.ts";
import type { Clock } from "../protocol/clock.ts";
import { Unreachable } from "../protocol/transport.ts";

/** Between two attempts. */
const PAUSE_MS = 500;

export interface AwaitServerOptions {
  readonly clock: Clock;
  /** How long a server that cannot be reached is waited for. */
  readonly limitMs: number;
  /** Ends the wait: what it aborts with is thrown. */
  readonly signal: AbortSignal;
  /** Hears once that there is something to wait for, and why. */
  readonly tell: (reason: string) => void;
}

/**
 * Resolves to the result of `open`, which is tried again as long as it throws Unreachable, for `limitMs`. Throws a
 * TrainingError then, and at once whatever else `open` throws.
 */
export async function awaitServer<Result>(
  open: () => Promise<Result>,
  { clock, limitMs, signal, tell }: AwaitServerOptions,
): Promise<Result> {
  const startedAt = clock.now();
  // An attempt may take seconds, which nobody who leaves wants to wait for.
  const left = Promise.withResolvers<never>();
  left.promise.catch(() => {});
  signal.addEventListener("abort", () => left.reject(signal.reason), { once: true });
  for (let attempt = 1;; attempt++) {
    signal.throwIfAborted();
    try {
      return await Promise.race([open(), left.promise]);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Unreachable)) throw error;
      if (clock.now() - startedAt >= limitMs) {
        const within = limitMs === 0 ? "" : ` within ${limitMs / 1000} s`;
        throw new TrainingError(`${errorMessage(error)}${within}`, { cause: error });
      }
      if (attempt === 1) tell(errorMessage(error));
    }
    await clock.sleep(Math.min(PAUSE_MS, Math.max(0, startedAt + limitMs - clock.now())), signal);
  }
}
