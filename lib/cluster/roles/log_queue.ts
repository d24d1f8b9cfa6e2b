/** Receives the messages of the log. Reads messages again that were damaged on their way. */
import type { Context } from "./context.ts";
import { Damaged } from "../protocol/envelope.ts";
import type { Down, Up } from "../protocol/messages.ts";
import type { Notifier } from "../protocol/clock.ts";
import { type Reading, readUntilQuiet } from "../protocol/read_until_quiet.ts";
import { retry } from "../protocol/retry.ts";
import { type LogMessage, Unreachable } from "../protocol/transport.ts";
import type { Verifier } from "./verifier.ts";

interface LogEntry<Message> {
  readonly sequence: number;
  /** Undefined if the message was dropped. */
  readonly message: Message | undefined;
  readonly body: Uint8Array;
}

/** Longer than a link of 256 kbit/s needs for all messages that are requested ahead. */
const STALLED_MS = 180_000;
/** A message that is damaged so often is damaged in the log. */
const ATTEMPTS = 3;

/**
 * Yields the messages of `subject` from `from` on. Ends if no message comes for long although the log has more: the
 * server may have lost the consumer without notice, so the caller reads again.
 */
export function readUntilStalled(reading: Reading, subject: string, from: number): AsyncGenerator<LogMessage> {
  // A broker that does not answer may have no more messages.
  const newest = () => reading.transport.newest(subject).catch(() => 0);
  return readUntilQuiet(reading, subject, from, STALLED_MS, async (next) => await newest() >= next);
}

/** Receives the verified messages of a subject into a queue. */
export class LogQueue<Message extends Down | Up> {
  readonly entries: LogEntry<Message>[] = [];
  /** The sequence of the newest received message. */
  received = 0;
  readonly #context: Context;
  readonly #verifier: Verifier<Message>;
  readonly #notifier: Notifier;

  /** `notifier` wakes at every received message. */
  constructor(context: Context, verifier: Verifier<Message>, notifier: Notifier) {
    this.#context = context;
    this.#verifier = verifier;
    this.#notifier = notifier;
  }

  /**
   * Receives the messages of `subject` from sequence `from` on, until the context's signal aborts. Calls `seen` for each
   * valid message before it counts as received.
   */
  async receive(subject: string, from: number, seen: (message: Message) => void = () => {}): Promise<void> {
    const { transport, clock, signal, dropped } = this.#context;
    this.received = from - 1;
    let failures = 0;
    while (!signal.aborted) {
      try {
        for await (const received of readUntilStalled(this.#context, subject, this.received + 1)) {
          const { sequence } = received;
          let verified: Awaited<ReturnType<Verifier<Message>["verify"]>>;
          try {
            verified = await this.#verifier.verify(received);
          } catch (error) {
            if (!(error instanceof Damaged)) throw error;
            if (++failures < ATTEMPTS) break;
            dropped.add("damaged", `message ${sequence} of "${subject}"`, error.message);
          }
          failures = 0;
          if (verified) seen(verified.message);
          this.received = sequence;
          this.entries.push({ sequence, message: verified?.message, body: verified?.body ?? new Uint8Array() });
          this.#notifier.notify();
        }
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        await retry(clock, signal, () => transport.newest(subject));
      }
    }
  }
}
