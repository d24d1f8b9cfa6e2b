import type { Clock } from "./clock.ts";
import { Unreachable } from "./transport.ts";

const FIRST_MS = 50;
const LONGEST_MS = 2000;

/**
 * What `work` comes to, tried again after ever longer pauses as long as the broker cannot be reached. Throws what `signal`
 * aborts with, and everything else that `work` throws.
 */
export async function retry<Result>(clock: Clock, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  for (let pause = FIRST_MS;; pause = Math.min(LONGEST_MS, pause * 2)) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
    }
    await clock.sleep(pause, signal);
  }
}
