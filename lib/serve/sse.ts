/** Server-sent events as a stream that is filled only as fast as it is read. */
import type { RunEvent } from "../events.ts";

export interface SseOptions {
  /** A comment is sent when nothing else was for this long, so that a connection that broke is noticed. */
  readonly heartbeatMs: number;
  /** Ends the stream when it aborts. */
  readonly shutdown: AbortSignal;
  /** Counts the streams that are open, if given. */
  readonly figures?: { streams: number };
  /** Told of a failure of the events; the stream then ends, and its client comes back. */
  onError(error: unknown): void;
}

/** How long a client waits before it comes back. */
const RETRY_MS = 1000;

/** One event as its lines of the stream. */
export function sseFrame(event: RunEvent): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/**
 * `retry`, then the events that `open` gives. Nothing is opened before the first read and nothing is taken from the
 * events that was not asked for: a client that never reads costs what its socket buffers. When the client leaves or
 * `shutdown` aborts, the signal given to `open` aborts, the iterator is returned and no timer stays.
 */
export function sseStream(
  open: (signal: AbortSignal) => AsyncIterable<RunEvent>,
  { heartbeatMs, shutdown, onError, figures }: SseOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const gone = new AbortController();
  let events: AsyncIterator<RunEvent> | undefined;
  // Kept over heartbeats: an event that was asked for must not be lost.
  let asked: Promise<IteratorResult<RunEvent>> | undefined;
  let wake = () => {};
  let onShutdown = () => {};

  const release = () => {
    shutdown.removeEventListener("abort", onShutdown);
    if (figures && events && !gone.signal.aborted) figures.streams--;
    gone.abort();
    wake();
    // Not awaited: a generator answers return() only after the next() before it.
    Promise.resolve(events?.return?.()).catch((error) => {
      if (error !== gone.signal.reason) onError(error);
    });
  };

  /** The next result, or undefined after `heartbeatMs` or once the stream is released. */
  const next = async (source: AsyncIterator<RunEvent>) => {
    // One promise a wait: racing a promise as old as the stream would keep every event that won against it.
    const { promise, resolve } = Promise.withResolvers<undefined>();
    wake = () => resolve(undefined);
    const timer = setTimeout(wake, heartbeatMs);
    try {
      asked ??= source.next();
      const result = await Promise.race([asked, promise]);
      if (result) asked = undefined;
      return result;
    } finally {
      clearTimeout(timer);
    }
  };

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text));
      const end = () => {
        release();
        controller.close();
      };
      try {
        if (!events) {
          send(`retry: ${RETRY_MS}\n\n`);
          if (shutdown.aborted) return end();
          onShutdown = end;
          shutdown.addEventListener("abort", onShutdown);
          events = open(gone.signal)[Symbol.asyncIterator]();
          if (figures) figures.streams++;
          return;
        }
        const result = await next(events);
        if (gone.signal.aborted) return;
        if (!result) send(": heartbeat\n\n");
        else if (result.done) end();
        else send(sseFrame(result.value));
      } catch (error) {
        if (gone.signal.aborted) return;
        onError(error);
        end();
      }
    },
    cancel: release,
  }, { highWaterMark: 0 });
}
