/** Reads a log until it has no new messages for a while. */
import { type Clock, LinkedAbort } from "./clock.ts";
import type { LogMessage, Transport } from "./transport.ts";

/** The parts that reading from a log needs. */
export interface Reading {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Yields the messages of `subject` from sequence `from` on. Ends when the signal aborts, and after `quietMs` without a
 * message if `isOver` agrees, which gets the sequence of the next message.
 */
export async function* readUntilQuiet(
  { transport, clock, signal }: Reading,
  subject: string,
  from: number,
  quietMs: number,
  isOver: (next: number) => Promise<boolean> | boolean = () => true,
): AsyncGenerator<LogMessage, void, void> {
  using stop = new LinkedAbort(signal);
  let next = from;
  let readAt = clock.now();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      const quiet = clock.now() - readAt;
      const before = next;
      if (quiet < quietMs) await clock.sleep(quietMs - quiet, stop.signal);
      else if (await isOver(before) && next === before) stop.abort();
      else readAt = clock.now();
    }
  })();
  try {
    for await (const message of transport.read(subject, from, stop.signal)) {
      readAt = clock.now();
      next = message.sequence + 1;
      yield message;
    }
  } finally {
    stop.abort();
    await watching;
  }
}
