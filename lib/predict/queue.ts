/** Requests that wait for their batch: bounded, in order, and each free to leave. */
import { Unavailable } from "./types.ts";

/** What is asked: sequences, by one version of the weights. */
export interface Request {
  readonly sequences: readonly (readonly number[])[];
  /** Undefined: the newest. */
  readonly version: number | undefined;
}

export interface QueueOptions {
  /** Sequences of a batch; a request with more is a batch of its own. */
  readonly batchMax: number;
  /** Sequences that may wait. */
  readonly queueMax: number;
}

export class RequestQueue<Item extends Request> {
  readonly #options: QueueOptions;
  readonly #items = new Set<Item>();
  #sequences = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Sequences that wait. */
  get sequences(): number {
    return this.#sequences;
  }

  get isEmpty(): boolean {
    return this.#items.size === 0;
  }

  /** Those that wait, in their order. */
  items(): Iterable<Item> {
    return this.#items;
  }

  /** Throws an Unavailable if there is no place. An empty queue has a place for any request. */
  add(item: Item): void {
    const { queueMax } = this.#options;
    const count = item.sequences.length;
    if (this.#sequences > 0 && count > 0 && this.#sequences + count > queueMax) {
      const message =
        `${this.#sequences} sequences wait to be predicted: expected at most ${queueMax} with these ${count}`;
      throw new Unavailable(message);
    }
    this.#items.add(item);
    this.#sequences += count;
  }

  /** Gives up the place of `item`, if it has one. */
  remove(item: Item): void {
    if (this.#items.delete(item)) this.#sequences -= item.sequences.length;
  }

  /** The next batch: the requests that waited longest, of one version, as many as fit and at least one. */
  take(): Item[] {
    const batch: Item[] = [];
    let count = 0;
    for (const item of this.#items) {
      const fits = item.version === batch[0]?.version && count + item.sequences.length <= this.#options.batchMax;
      if (batch.length > 0 && !fits) break;
      batch.push(item);
      count += item.sequences.length;
      this.remove(item);
    }
    return batch;
  }
}
