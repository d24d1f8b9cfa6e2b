/** Time that passes only when nothing else can happen: minutes of protocol take milliseconds, the same way every time. */
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

  /** Lets time pass until `done` settles. Throws when `limitMs` of this clock have passed before. */
  async run<Result>(done: Promise<Result>, limitMs: number): Promise<Result> {
    let isSettled = false;
    const settle = () => isSettled = true;
    done.then(settle, settle);
    for (;;) {
      await new Promise<void>((resolve) => setImmediate(resolve)); // All that can happen without time has happened.
      if (isSettled) return await done;
      const next = Math.min(...[...this.#sleepers].map(({ at }) => at));
      if (next === Infinity) throw new Error(`Nothing can happen any more, at ${this.#now} ms`);
      if (next > limitMs) throw new Error(`It is not done after ${limitMs} ms`);
      this.#now = Math.max(this.#now, next);
      for (const { at, wake } of [...this.#sleepers]) if (at <= this.#now) wake();
    }
  }
}
