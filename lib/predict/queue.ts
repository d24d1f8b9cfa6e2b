/** Queues requests until a batch takes them: bounded, in order, and each may leave. */
import { counted } from "../base/counted.ts";
import { MOST_VARIANTS } from "../standalone/explain.ts";
import { type Input, Unavailable } from "./types.ts";

/** Inputs to predict with one version of the weights. */
export interface Request {
  readonly inputs: readonly Input[];
  /** The newest, if undefined. */
  readonly version: number | undefined;
  /** True if the answers are explained, which takes many sequences for each input. */
  readonly explain?: boolean | undefined;
}

/** Returns the number of sequences that a request computes, at most. */
export function sizeOf({ inputs, explain }: Pick<Request, "inputs" | "explain">): number {
  return inputs.length * (explain ? MOST_VARIANTS : 1);
}

interface QueueOptions {
  /** Sequences of a batch; a request with more is a batch of its own. */
  readonly batchMax: number;
  /** Sequences that may wait. */
  readonly queueMax: number;
  /** True to wait until a batch is full: then one batch at a time is under way. */
  readonly fillsBatches: boolean;
}

/**
 * Batches under way at once, each of at most this share of all requests: while one is computed, the answers of another
 * are written and the requests of a third are read. With a single batch, the two threads would wait for each other.
 */
const IN_FLIGHT = 4;

export class RequestQueue<Item extends Request> {
  readonly #options: QueueOptions;
  /**
   * The waiting requests in order. Not a Set: one that is filled and emptied all the time leaves tables behind that keep
   * its former items alive until the old generation is collected.
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

  /** Returns the waiting requests, in order. */
  items(): readonly Item[] {
    return this.#items;
  }

  /** Adds a request. Throws an Unavailable if there is no room; an empty queue has room for any request. */
  add(item: Item): void {
    const { queueMax } = this.#options;
    const count = sizeOf(item);
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
    this.#sequences -= sizeOf(item);
  }

  /** Empties the queue; returns the requests that waited. */
  clear(): readonly Item[] {
    const items = this.#items;
    this.#items = [];
    this.#sequences = 0;
    return items;
  }

  /**
   * Takes the next batch, where `batches` of `computing` sequences together are under way: the requests that waited
   * longest, of one version. Returns none if it is not yet time. A request that does not fit into a batch is one of its own.
   */
  take(batches: number, computing: number): Item[] {
    const { batchMax, fillsBatches } = this.#options;
    const inFlight = fillsBatches ? 1 : IN_FLIGHT;
    const first = this.#items[0];
    // The batches under way have at most as many sequences as one full batch, so that queued requests can still leave.
    const room = batchMax - computing;
    if (!first || batches >= inFlight || batches > 0 && sizeOf(first) > room) return [];
    const most = Math.min(room, Math.ceil((this.#sequences + computing) / inFlight));
    let count = 0;
    let end = 0;
    for (const item of this.#items) {
      const isLike = item.version === first.version && item.explain === first.explain;
      if (end > 0 && !(isLike && count + sizeOf(item) <= most)) break;
      count += sizeOf(item);
      end++;
    }
    const batch = this.#items.slice(0, end);
    this.#items = this.#items.slice(end);
    this.#sequences -= count;
    return batch;
  }
}
