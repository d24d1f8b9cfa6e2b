/** Limits the memory of request bodies over all connections. */
import { counted } from "../../base/counted.ts";
import { Refusal } from "./problem.ts";

/** Bytes of the bodies of all open requests. The parsed values take a few times as much. */
const BODY_MEMORY_BYTES = 64 * 2 ** 20;

export class BodyMemory {
  readonly #most: number;
  #bytes = 0;

  constructor(most = BODY_MEMORY_BYTES) {
    this.#most = most;
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reserves `bytes`. Throws a Refusal if they exceed the limit. */
  take(bytes: number): void {
    if (this.#bytes + bytes > this.#most) {
      const message = `the bodies of earlier requests fill the limit of ${counted(this.#most, "byte")}: retry`;
      throw new Refusal(503, { field: "body", message }, { "Retry-After": "1" });
    }
    this.#bytes += bytes;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
