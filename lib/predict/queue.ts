/** Requests that wait for their batch: bounded, in order, and each free to leave. */
import { counted } from "../base/counted.ts";
import { type Input, Unavailable } from "./types.ts";

/** What is asked: inputs, by one version of the weights. */
export interface Request {
  readonly inputs: readonly Input[];
  /** Undefined: the newest. */
  readonly version: number | undefined;
}

export interface QueueOptions {
  /** Sequences of a batch; a request with more is a batch of its own. */
  readonly batchMax: number;
  /** Sequences that may wait. */
  readonly queueMax: number;
  /** Whether a batch is worth waiting for: then there is one at a time. */
  readonly fillsBatches: boolean;
}

/**
 * Batches under way at once, each of at most such a share of all requests there are: while one is computed, the answers
 * of another are written and the requests of a third are read. With one batch of all, whoever computes and whoever
 * answers would wait for each other.
 */
const IN_FLIGHT = 4;

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
    const count = item.inputs.length;
    if (this.#sequences > 0 && count > 0 && this.#sequences + count > queueMax) {
      const wait = counted(this.#sequences, "sequence waits", "sequences wait");
      throw new Unavailable(`${wait} to be predicted: expected at most ${queueMax} with these ${count}`);
    }
    this.#items.push(item);
    this.#sequences += count;
  }

  /** Gives up the place of `item`, if it has one. */
  remove(item: Item): void {
    const place = this.#items.indexOf(item);
    if (place < 0) return;
    this.#items = this.#items.toSpliced(place, 1);
    this.#sequences -= item.inputs.length;
  }

  /** Empties the queue; returns what waited. */
  clear(): readonly Item[] {
    const items = this.#items;
    this.#items = [];
    this.#sequences = 0;
    return items;
  }

  /**
   * The next batch, where `batches` of `computing` sequences together are under way: the requests that waited longest, of one
   * version. Nothing if it is not yet time. A request that does not fit into a batch is one of its own.
   */
  take(batches: number, computing: number): Item[] {
    const { batchMax, fillsBatches } = this.#options;
    const inFlight = fillsBatches ? 1 : IN_FLIGHT;
    const first = this.#items[0];
    // All that is under way is no more than one full batch: what is still in the queue can leave it.
    const room = batchMax - computing;
    if (!first || batches >= inFlight || batches > 0 && first.inputs.length > room) return [];
    const most = Math.min(room, Math.ceil((this.#sequences + computing) / inFlight));
    let count = 0;
    let end = 0;
    for (const { version, inputs } of this.#items) {
      const fits = version === first.version && count + inputs.length <= most;
      if (end > 0 && !fits) break;
      count += inputs.length;
      end++;
    }
    const batch = this.#items.slice(0, end);
    this.#items = this.#items.slice(end);
    this.#sequences -= count;
    return batch;
  }
}
