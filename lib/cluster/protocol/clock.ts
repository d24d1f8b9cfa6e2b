/** Defines time for the protocol, so that tests can control it. */

export interface Clock {
  /** Returns milliseconds that never decrease. */
  now(): number;
  /** Resolves after `milliseconds`, or as soon as `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

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

/** Aborts when `outer` aborts, or by `abort()`. Dispose it, so that a long-lived `outer` does not keep it. */
export class LinkedAbort implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #forward = () => this.abort(this.#outer.reason);

  constructor(outer: AbortSignal) {
    this.#outer = outer;
    outer.addEventListener("abort", this.#forward);
    if (outer.aborted) this.#forward();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason?: unknown): void {
    this.#controller.abort(reason);
  }

  [Symbol.dispose](): void {
    this.#outer.removeEventListener("abort", this.#forward);
  }
}

/** No code reads this reason. Without it, each notification would create an exception with a stack trace. */
const NOTIFIED = "notified";

/**
 * Wakes all waiters. It stores nothing: check the condition first and then wait, with no await in between, so that no
 * notification is missed.
 */
export class Notifier {
  readonly #clock: Clock;
  readonly #waiting = new Set<LinkedAbort>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  notify(): void {
    for (const waiter of this.#waiting) waiter.abort(NOTIFIED);
  }

  /** Resolves at the next `notify()`, after `milliseconds`, or when `signal` aborts. */
  async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    using waiter = new LinkedAbort(signal);
    this.#waiting.add(waiter);
    await this.#clock.sleep(milliseconds, waiter.signal);
    this.#waiting.delete(waiter);
  }
}
