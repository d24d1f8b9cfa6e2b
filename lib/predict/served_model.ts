/** A model that a process serves by a name, from its opening to its closing, and its share of the requests. */
import { Histogram, SECONDS } from "./histogram.ts";
import type { Labelling } from "./labelling.ts";
import { type Answer, type Predictor, Unavailable } from "./types.ts";

/** A predictor with all that it holds. */
export interface OpenedModel {
  readonly predictor: Predictor;
  /** Digest and bytes of its weights; undefined if they change. */
  readonly digest?: string;
  readonly bytes?: number;
  /** Present if clients may send labelled rows for it. */
  readonly labelling?: Labelling;
  close(): void;
}

/** An open predictor under a name. Requests hold it, so that it answers them even if another one has taken its place. */
export class ServedModel {
  readonly name: string;
  readonly predictor: Predictor;
  readonly digest: string | undefined;
  readonly bytes: number | undefined;
  readonly labelling: Labelling | undefined;
  /** Time of each request for predictions that it answered, in the queue and to compute. */
  readonly seconds = new Histogram(SECONDS);
  /** Requests that it could not answer. */
  failures = 0;
  readonly #free: () => void;
  #holders = 0;
  #isRetired = false;
  #isClosed = false;

  constructor(name: string, { predictor, digest, bytes, labelling, close }: OpenedModel) {
    this.name = name;
    this.predictor = predictor;
    this.digest = digest;
    this.bytes = bytes;
    this.labelling = labelling;
    this.#free = close;
  }

  get run(): string {
    return this.predictor.shape.run;
  }

  /** Counts an answer. */
  answered({ queueMs, computeMs }: Answer): void {
    this.seconds.observe((queueMs + computeMs) / 1000);
  }

  /** Counts the error of a request if it is the predictor's. Returns it. */
  failed(error: unknown): unknown {
    if (error instanceof Unavailable) this.failures++;
    return error;
  }

  /** Keeps it open until a `release()` for each `hold()`. */
  hold(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    this.#holders--;
    if (this.#isRetired && this.#holders === 0) this.close();
  }

  /** Closes it when no request holds it. */
  retire(): void {
    this.#isRetired = true;
    if (this.#holders === 0) this.close();
  }

  /** Closes it at once: requests that it has not answered are refused. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#free();
  }
}

/** The number of parts in which shares of canaries are counted. */
export const PARTS = 10_000;

/** Gives its share of the requests to a candidate: evenly, and of any 10,000 in a row exactly. */
export class Canary {
  readonly model: ServedModel;
  readonly share: number;
  readonly #parts: number;
  #sum = 0;

  constructor(model: ServedModel, share: number) {
    this.model = model;
    this.share = share;
    this.#parts = Math.round(share * PARTS);
  }

  /** Tells whether it gets the next request. */
  isNext(): boolean {
    this.#sum += this.#parts;
    if (this.#sum < PARTS) return false;
    this.#sum -= PARTS;
    return true;
  }
}
