/** Server-sent events as a stream that is filled only as fast as it is read. */
import type { RunEvent } from "../../base/events.ts";
import { coarseTimer } from "./coarse_timers.ts";

export interface SseOptions {
  /** A comment is sent when nothing else was for this long, so that a connection that broke is noticed. */
  readonly heartbeatMs: number;
  /** A client that takes nothing of what was sent for this long is dropped. */
  readonly stallMs: number;
  /** Ends the stream when it aborts. */
  readonly shutdown: AbortSignal;
  /** Counts the streams that are open, if given. */
  readonly figures?: { streams: number };
  /** Sent before the events. */
  readonly notice?: string | undefined;
  /** Told that the client was dropped, and the id of the last event that was sent to it. */
  onDrop?(lastId: number): void;
  /** Told of a failure of the events; the stream then ends, and its client comes back. */
  onError(error: unknown): void;
}

/** How long a client waits before it comes back. */
const RETRY_MS = 1000;

/**
 * What each open stream adds to the time between two writes to one of them: a thousand are written to once a second each,
 * with all that happened meanwhile. To write costs more than what is written.
 */
const PACE_MS = 1;
/** Pauses shorter than this are left out: few streams hear of everything at once. */
const LEAST_PAUSE_MS = 10;
/** A batch of as many events has more behind it. */
const FULL_BATCH = 128;

const encoder = new TextEncoder();

/** Of events that several streams are about to send. */
const frames = new WeakMap<RunEvent, string>();

/** One event as its lines of the stream. */
export function sseFrame(event: RunEvent): string {
  let frame = frames.get(event);
  if (frame === undefined) {
    frame = `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
    frames.set(event, frame);
  }
  return frame;
}

/** The bytes of the newest batch: streams that are written to at about the same time are sent the same. */
let newest: { readonly batch: readonly RunEvent[]; readonly bytes: Uint8Array } | undefined;

/** The lines of all events of `batch`. */
function encode(batch: readonly RunEvent[]): Uint8Array {
  if (newest?.batch.length !== batch.length || newest.batch.some((event, index) => event !== batch[index])) {
    newest = { batch, bytes: encoder.encode(batch.map(sseFrame).join("")) };
  }
  return newest.bytes;
}

/**
 * `retry`, then the events that `open` gives in batches. Nothing is opened before the first read and nothing is taken
 * from the events that was not asked for: a client that never reads costs what its socket buffers, until it is dropped.
 * When the client leaves or `shutdown` aborts, the signal given to `open` aborts, the iterator is returned and no timer
 * stays.
 */
export function sseStream(
  open: (signal: AbortSignal) => AsyncIterable<readonly RunEvent[]>,
  options: SseOptions,
): ReadableStream<Uint8Array> {
  return new ReadableStream(new SseSource(open, options), { highWaterMark: 0 });
}

class SseSource implements UnderlyingDefaultSource<Uint8Array> {
  readonly #open: (signal: AbortSignal) => AsyncIterable<readonly RunEvent[]>;
  readonly #options: SseOptions;
  readonly #gone = new AbortController();
  #events: AsyncIterator<readonly RunEvent[]> | undefined;
  /** Kept over heartbeats: events that were asked for must not be lost. */
  #asked: Promise<IteratorResult<readonly RunEvent[]>> | undefined;
  /** When all there was had been sent; 0 if there was more. */
  #caughtUpAt = 0;
  #lastId = 0;
  /** Calls off the watch over a client that has not yet taken what was sent. */
  #taken = () => {};
  #wake = () => {};
  #onShutdown = () => {};

  constructor(open: (signal: AbortSignal) => AsyncIterable<readonly RunEvent[]>, options: SseOptions) {
    this.#open = open;
    this.#options = options;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#taken();
    const { heartbeatMs, figures, onError } = this.#options;
    try {
      if (!this.#events) return this.#begin(controller);
      if (figures) await this.#pause(figures.streams * PACE_MS);
      if (this.#gone.signal.aborted) return;
      this.#asked ??= this.#events.next();
      const result = await this.#within(heartbeatMs, this.#asked);
      if (this.#gone.signal.aborted) return;
      if (!result) return this.#send(controller, encoder.encode(": heartbeat\n\n"));
      this.#asked = undefined;
      if (result.done) return this.#end(controller);
      this.#lastId = result.value.at(-1)?.id ?? this.#lastId;
      this.#caughtUpAt = result.value.length < FULL_BATCH ? performance.now() : 0;
      this.#send(controller, encode(result.value));
    } catch (error) {
      if (this.#gone.signal.aborted) return;
      onError(error);
      this.#end(controller);
    }
  }

  cancel(): void {
    this.#release();
  }

  #begin(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const { shutdown, figures, notice = "" } = this.#options;
    this.#send(controller, encoder.encode(`retry: ${RETRY_MS}\n\n${notice}`));
    if (shutdown.aborted) return this.#end(controller);
    this.#onShutdown = () => this.#end(controller);
    shutdown.addEventListener("abort", this.#onShutdown);
    this.#events = this.#open(this.#gone.signal)[Symbol.asyncIterator]();
    if (figures) figures.streams++;
  }

  #send(controller: ReadableStreamDefaultController<Uint8Array>, bytes: Uint8Array): void {
    const { stallMs, onDrop } = this.#options;
    this.#taken = coarseTimer(stallMs, () => {
      onDrop?.(this.#lastId);
      this.#end(controller);
    });
    controller.enqueue(bytes);
  }

  #end(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#release();
    controller.close();
  }

  #release(): void {
    const { shutdown, figures, onError } = this.#options;
    this.#taken();
    shutdown.removeEventListener("abort", this.#onShutdown);
    if (figures && this.#events && !this.#gone.signal.aborted) figures.streams--;
    this.#gone.abort();
    this.#wake();
    // Not awaited: a generator answers return() only after the next() before it.
    Promise.resolve(this.#events?.return?.()).catch((error) => {
      if (error !== this.#gone.signal.reason) onError(error);
    });
  }

  /** Waits until `paceMs` after the last events were sent, if that was all there were. */
  async #pause(paceMs: number): Promise<void> {
    const left = this.#caughtUpAt + paceMs - performance.now();
    if (!this.#asked && paceMs >= LEAST_PAUSE_MS && left > 0) await this.#within(left, new Promise<never>(() => {}));
  }

  /** What `result` comes to, or undefined after `milliseconds` or once the stream is released. */
  async #within<Result>(milliseconds: number, result: Promise<Result>): Promise<Result | undefined> {
    // One promise a wait: racing a promise as old as the stream would keep every event that won against it.
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#wake = () => resolve(undefined);
    const callOff = coarseTimer(milliseconds, this.#wake);
    try {
      return await Promise.race([result, promise]);
    } finally {
      callOff();
    }
  }
}
