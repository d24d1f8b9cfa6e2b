/** Server-sent events as a stream that is filled only as fast as the client reads. */
import type { RunEvent } from "../../base/events.ts";
import { coarseTimer } from "./coarse_timers.ts";

export interface SseOptions {
  /** A comment is sent after this time of silence, which reveals a broken connection. */
  readonly heartbeatMs: number;
  /** A client that reads nothing for this time is dropped. */
  readonly stallMs: number;
  /** Ends the stream when it aborts. */
  readonly shutdown: AbortSignal;
  /** Counts the open streams. */
  readonly metrics?: { streams: number };
  /** Sent before the events. */
  readonly notice?: string | undefined;
  /** Called when the client is dropped, with the id of the last event that was sent to it. */
  onDrop?(lastId: number): void;
  /** Called when the events fail; the stream then ends, and its client reconnects. */
  onError(error: unknown): void;
}

/** Delay after which a client reconnects. */
const RETRY_MS = 1000;

/**
 * Each open stream adds this to the time between two writes to one of them: with a thousand streams, each gets one write
 * a second with all events since. A write costs more than its content.
 */
const PACE_MS = 1;
/** Shorter pauses are skipped: with few streams, each event is written at once. */
const LEAST_PAUSE_MS = 10;
/** A batch of this length is followed by more. */
const FULL_BATCH = 128;

const encoder = new TextEncoder();

/** Caches the frames of events that several streams send. */
const frames = new WeakMap<RunEvent, string>();

/** Formats an event as its lines of the stream. */
export function sseFrame(event: RunEvent): string {
  let frame = frames.get(event);
  if (frame === undefined) {
    frame = `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
    frames.set(event, frame);
  }
  return frame;
}

/** Caches the bytes of the newest batch: streams that are written at about the same time send the same. */
let newest: { readonly batch: readonly RunEvent[]; readonly bytes: Uint8Array } | undefined;

/** Encodes all events of `batch`. */
function encode(batch: readonly RunEvent[]): Uint8Array {
  if (newest?.batch.length !== batch.length || newest.batch.some((event, index) => event !== batch[index])) {
    newest = { batch, bytes: encoder.encode(batch.map(sseFrame).join("")) };
  }
  return newest.bytes;
}

/**
 * Streams `retry`, then the batches of events that `open` gives. It opens nothing before the first read, and takes a batch
 * only when the client has read the one before: a client that never reads costs only its socket's buffer, until it is
 * dropped. When the client leaves or `shutdown` aborts, it aborts the signal given to `open`, returns the iterator and
 * clears its timers.
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
  /** The pending batch, kept over heartbeats so that its events are not lost. */
  #asked: Promise<IteratorResult<readonly RunEvent[]>> | undefined;
  /** When all events had been sent; 0 while more are waiting. */
  #caughtUpAt = 0;
  #lastId = 0;
  /** Cancels the timer that drops a client which does not read. */
  #taken = () => {};
  #wake = () => {};
  #onShutdown = () => {};

  constructor(open: (signal: AbortSignal) => AsyncIterable<readonly RunEvent[]>, options: SseOptions) {
    this.#open = open;
    this.#options = options;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#taken();
    const { heartbeatMs, metrics, onError } = this.#options;
    try {
      if (!this.#events) return this.#begin(controller);
      if (metrics) await this.#pause(metrics.streams * PACE_MS);
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
    const { shutdown, metrics, notice = "" } = this.#options;
    this.#send(controller, encoder.encode(`retry: ${RETRY_MS}\n\n${notice}`));
    if (shutdown.aborted) return this.#end(controller);
    this.#onShutdown = () => this.#end(controller);
    shutdown.addEventListener("abort", this.#onShutdown);
    this.#events = this.#open(this.#gone.signal)[Symbol.asyncIterator]();
    if (metrics) metrics.streams++;
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
    const { shutdown, metrics, onError } = this.#options;
    this.#taken();
    shutdown.removeEventListener("abort", this.#onShutdown);
    if (metrics && this.#events && !this.#gone.signal.aborted) metrics.streams--;
    this.#gone.abort();
    this.#wake();
    // Not awaited: a generator settles return() only after its pending next().
    Promise.resolve(this.#events?.return?.()).catch((error) => {
      if (error !== this.#gone.signal.reason) onError(error);
    });
  }

  /** Waits until `paceMs` after the last write, unless more events are waiting. */
  async #pause(paceMs: number): Promise<void> {
    const left = this.#caughtUpAt + paceMs - performance.now();
    if (!this.#asked && paceMs >= LEAST_PAUSE_MS && left > 0) await this.#within(left, new Promise<never>(() => {}));
  }

  /** Resolves to `result`, or to undefined after `milliseconds` or when the stream is released. */
  async #within<Result>(milliseconds: number, result: Promise<Result>): Promise<Result | undefined> {
    // A new promise for each wait: one as old as the stream would retain every event that won a race against it.
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#wake = () => resolve(undefined);
    const cancel = coarseTimer(milliseconds, this.#wake);
    try {
      return await Promise.race([result, promise]);
    } finally {
      cancel();
    }
  }
}
