/** Messages of the log as what they mean. What is damaged on its way is read again. */
import type { Context } from "./context.ts";
import type { Door } from "./door.ts";
import { Damaged } from "./envelope.ts";
import type { Down, Up } from "./messages.ts";
import { retry } from "./retry.ts";
import { Unreachable } from "./transport.ts";

export interface Read<Message> {
  readonly sequence: number;
  /** Nothing if it was left out. */
  readonly message: Message | undefined;
  readonly body: Uint8Array;
}

/** A message that is damaged so often is damaged in the log. */
const ATTEMPTS = 3;

/** The messages of `subject` from sequence `from` on, as the door lets them in, until the context's signal aborts. */
export async function* readLog<Message extends Down | Up>(
  { transport, clock, signal, dropped }: Context,
  subject: string,
  from: number,
  door: Door<Message>,
): AsyncGenerator<Read<Message>, void, void> {
  let next = from;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const read of transport.read(subject, next, signal)) {
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
