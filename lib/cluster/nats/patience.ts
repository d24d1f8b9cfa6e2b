/** Waiting for a NATS server that is not ready yet. */
import { wallClock } from "../protocol/clock.ts";

/** Between two attempts to do what cannot be done yet. */
const PAUSE_MS = 200;

/** What `work` comes to, tried so many times where it fails with what `passes`. */
export async function patiently<Result>(
  passes: (error: unknown) => boolean,
  work: () => Promise<Result>,
  attempts = 10,
): Promise<Result> {
  for (let attempt = 1;; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!passes(error) || attempt === attempts) throw error;
      await pause();
    }
  }
}

export function pause(milliseconds = PAUSE_MS): Promise<void> {
  return wallClock.sleep(milliseconds);
}
