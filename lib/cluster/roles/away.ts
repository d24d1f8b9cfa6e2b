/** A broker that does not answer: told once when it has been away for a while, and once when it answers again. */
import type { Unreachable } from "../protocol/transport.ts";

export class Away {
  readonly #afterMs: number;
  readonly #tell: (message: string) => void;
  #isTold = false;

  constructor(afterMs: number, tell: (message: string) => void) {
    this.#afterMs = afterMs;
    this.#tell = tell;
  }

  /** Takes note that it has not answered for `sinceMs`. */
  readonly miss = (error: Unreachable, sinceMs: number): void => {
    if (this.#isTold || sinceMs < this.#afterMs) return;
    this.#isTold = true;
    this.#tell(`${error.message}. It is waited for`);
  };

  answered(): void {
    if (this.#isTold) this.#tell("The server answers again");
    this.#isTold = false;
  }
}
