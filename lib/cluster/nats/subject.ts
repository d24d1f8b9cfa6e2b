/** Reads the messages of a subject, which anyone who may publish there has sent, as lines. Memory is limited. */
import { unlessAborted } from "../../base/waiting.ts";
import { openConnection } from "./connection.ts";
import type { NatsOptions } from "./explain.ts";

/** Most bytes of messages that wait for their reader. Later messages are dropped until there is room. */
const MOST_WAITING = 2 ** 26;

const LINE_END = Uint8Array.of(10);

export interface SubjectOptions extends Omit<NatsOptions, "run"> {
  readonly subject: string;
  readonly signal: AbortSignal;
  /** Tells how many messages were dropped so far, when it is a power of two. */
  readonly onDropped: (count: number) => void;
}

/**
 * Subscribes to the subject, and yields each message as one or more whole lines, until `signal` aborts. Throws an InputError if
 * the server or the subject cannot be used, and an Error if the connection ends. Messages that come meanwhile are lost: NATS
 * keeps none without JetStream.
 */
export async function* readSubject(
  { subject, signal, onDropped, ...options }: SubjectOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const connection = await openConnection({ ...options, run: `stream ${subject}` });
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  let dropped = 0;
  let failure: Error | undefined;
  let news = Promise.withResolvers<void>();
  const end = (error: Error | undefined | void) => {
    failure ??= error ?? new Error(`The connection to the NATS server "${options.url}" has ended`);
    news.resolve();
  };
  void connection.closed().then(end);
  connection.subscribe(subject, {
    callback(error, { data }) {
      if (error) return end(error);
      if (data.length === 0) return;
      if (bytes + data.length > MOST_WAITING) {
        dropped++;
        if ((dropped & (dropped - 1)) === 0) onDropped(dropped);
        return;
      }
      bytes += data.length;
      waiting.push(data);
      news.resolve();
    },
  });
  try {
    while (!signal.aborted) {
      await unlessAborted(signal, news.promise);
      const [messages] = [waiting];
      [waiting, bytes, news] = [[], 0, Promise.withResolvers()];
      for (const message of messages) {
        yield message;
        if (message.at(-1) !== LINE_END[0]) yield LINE_END;
      }
      if (failure) throw failure;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await connection.close();
  }
}
