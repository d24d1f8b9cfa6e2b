/** Bounds the memory that request bodies take, over all connections. */
import { counted } from "../../base/counted.ts";
import { Refusal } from "./problem.ts";

/** Bytes of the bodies of all requests that are not answered yet. What is parsed of them takes a few times as much. */
export const BODY_MEMORY_BYTES = 64 * 2 ** 20;

export class BodyMemory {
  readonly #most: number;
  #bytes = 0;

  constructor(most = BODY_MEMORY_BYTES) {
    this.#most = most;
  }

  /** Bytes that are taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Throws a Refusal if there is no room for `bytes` more. */
  take(bytes: number): void {
    if (this.#bytes + bytes > this.#most) {
      const message = `the bodies of earlier requests take the ${counted(this.#most, "byte")} there are for all: retry`;
      throw new Refusal(503, { field: "body", message }, { "Retry-After": "1" });
    }
    this.#bytes += bytes;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
