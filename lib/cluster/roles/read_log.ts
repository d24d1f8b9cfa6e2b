/** Messages of the log as what they mean. What is damaged on its way is read again. */
import type { Context } from "./context.ts";
import type { Door } from "./door.ts";
import { Damaged } from "../protocol/envelope.ts";
import type { Down, Up } from "../protocol/messages.ts";
import { retry } from "../protocol/retry.ts";
import { type LogMessage, Unreachable } from "../protocol/transport.ts";

export interface Read<Message> {
  readonly sequence: number;
  /** Nothing if it was left out. */
  readonly message: Message | undefined;
  readonly body: Uint8Array;
}

/** Longer than a link of 256 kbit/s takes for all that is read ahead of a message. */
const STALLED_MS = 180_000;
/** A message that is damaged so often is damaged in the log. */
const ATTEMPTS = 3;

/**
 * The messages of `subject` from `from` on, until none has come for long although the log has more: then reading has to
 * begin again, as what delivers them may be gone without a sign.
 */
export async function* unlessStalled(
  { transport, clock, signal }: Pick<Context, "transport" | "clock" | "signal">,
  subject: string,
  from: number,
): AsyncGenerator<LogMessage, void, void> {
  const stop = new AbortController();
  const forward = () => stop.abort();
  signal.addEventListener("abort", forward);
  if (signal.aborted) forward();
  let next = from;
  const watch = (async () => {
    for (let seen = next; !stop.signal.aborted; seen = next) {
      await clock.sleep(STALLED_MS, stop.signal);
      if (next > seen || stop.signal.aborted) continue;
      // Where the broker does not answer, nothing is known to be there.
      const newest = await transport.newest(subject).catch(() => 0);
      if (next === seen && newest >= next) stop.abort();
    }
  })();
  try {
    for await (const message of transport.read(subject, from, stop.signal)) {
      next = message.sequence + 1;
      yield message;
    }
  } finally {
    stop.abort();
    signal.removeEventListener("abort", forward);
    await watch;
  }
}

/** The messages of `subject` from sequence `from` on, as the door lets them in, until the context's signal aborts. */
export async function* readLog<Message extends Down | Up>(
  context: Context,
  subject: string,
  from: number,
  door: Door<Message>,
): AsyncGenerator<Read<Message>, void, void> {
  const { transport, clock, signal, dropped } = context;
  let next = from;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const read of unlessStalled(context, subject, next)) {
        const { sequence } = read;
        next = sequence;
        try {
          const taken = await door.take(read);
          yield { sequence, message: taken?.message, body: taken?.body ?? new Uint8Array() };
        } catch (error) {
          if (!(error instanceof Damaged)) throw error;
          if (++failures < ATTEMPTS) break;
          dropped.add("damaged", `message ${sequence} of "${subject}"`, error.message);
          yield { sequence, message: undefined, body: new Uint8Array() };
        }
        failures = 0;
        next = sequence + 1;
      }
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      await retry(clock, signal, () => transport.newest(subject));
    }
  }
}
