/** Reports a broker that does not answer: once when it has been away for a while, and once when it answers again. */
import type { Unreachable } from "../protocol/transport.ts";

export class Outage {
  readonly #afterMs: number;
  readonly #report: (message: string) => void;
  #isReported = false;

  constructor(afterMs: number, report: (message: string) => void) {
    this.#afterMs = afterMs;
    this.#report = report;
  }

  /** Records that the broker has not answered for `sinceMs`. */
  readonly failed = (error: Unreachable, sinceMs: number): void => {
    if (this.#isReported || sinceMs < this.#afterMs) return;
    this.#isReported = true;
    this.#report(`${error.message}. Waiting for it`);
  };

  answered(): void {
    if (this.#isReported) this.#report("The server answers again");
    this.#isReported = false;
  }
}
