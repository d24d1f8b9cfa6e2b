/** Time, as far as the protocol knows it: tests drive it by hand. */

export interface Clock {
  /** Milliseconds, never going back. */
  now(): number;
  /** Resolves after `milliseconds`, or as soon as `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The real one. */
export const wallClock: Clock = {
  now: () => performance.now(),
  sleep(milliseconds, signal) {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal?.addEventListener("abort", end);
    });
  },
};

/** Nobody reads it: without a reason each ring would make an exception, with its trace. */
const RUNG = "rung";

/**
 * Wakes whoever waits. It remembers nothing: look whether there is something to wait for and then wait, with no await
 * in between, and no ring is missed.
 */
export class Bell {
  readonly #clock: Clock;
  readonly #waiting = new Set<AbortController>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    for (const waiter of this.#waiting) waiter.abort(RUNG);
  }

  /** Resolves when it rings, after `milliseconds`, or when `signal` aborts. */
  async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    const waiter = new AbortController();
    const forward = () => waiter.abort(RUNG);
    this.#waiting.add(waiter);
    signal.addEventListener("abort", forward);
    if (signal.aborted) forward();
    await this.#clock.sleep(milliseconds, waiter.signal);
    signal.removeEventListener("abort", forward);
    this.#waiting.delete(waiter);
  }
}
