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
  /**
   * In their order. No Set: one that is filled and emptied all the time leaves tables behind that keep what they held
   * alive until the old generation is collected.
   */
  #items: Item[] = [];
  #sequences = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Sequences that wait. */
  get sequences(): number {
    return this.#sequences;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** Those that wait, in their order. */
  items(): readonly Item[] {
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
    this.#items.push(item);
    this.#sequences += count;
  }

  /** Gives up the place of `item`, if it has one. */
  remove(item: Item): void {
    const place = this.#items.indexOf(item);
    if (place < 0) return;
    this.#items = this.#items.toSpliced(place, 1);
    this.#sequences -= item.sequences.length;
  }

  /** The next batch: the requests that waited longest, of one version, as many as fit and at least one. */
  take(): Item[] {
    const { batchMax } = this.#options;
    let count = 0;
    let end = 0;
    for (const { version, sequences } of this.#items) {
      const fits = version === this.#items[0]!.version && count + sequences.length <= batchMax;
      if (end > 0 && !fits) break;
      count += sequences.length;
      end++;
    }
    const batch = this.#items.slice(0, end);
    this.#items = this.#items.slice(end);
    this.#sequences -= count;
    return batch;
  }
}
