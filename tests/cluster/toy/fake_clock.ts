/** A clock that advances only when all machines wait: minutes of the protocol take milliseconds, deterministically. */
import { setImmediate } from "node:timers";
import type { Clock } from "../../../lib/cluster/protocol/clock.ts";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export class FakeClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { at: this.#now + milliseconds, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake);
    });
  }

  /** Advances the clock until `done` settles. Throws if that takes until `limitMs`. */
  async run<Result>(done: Promise<Result>, limitMs: number): Promise<Result> {
    let isSettled = false;
    const settle = () => isSettled = true;
    done.then(settle, settle);
    for (;;) {
      await new Promise<void>((resolve) => setImmediate(resolve)); // Runs everything that does not wait for the clock.
      if (isSettled) return await done;
      const next = Math.min(...[...this.#sleepers].map(({ at }) => at));
      if (next === Infinity) throw new Error(`Everything waits without end, at ${this.#now} ms`);
      if (next > limitMs) throw new Error(`The promise is pending after ${limitMs} ms`);
      this.#now = Math.max(this.#now, next);
      for (const { at, wake } of [...this.#sleepers]) if (at <= this.#now) wake();
    }
  }
}
