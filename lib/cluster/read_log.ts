/** Messages of the log as what they mean. What is damaged on its way is read again. */
import { z } from "zod";
import type { Context } from "./context.ts";
import { Damaged, open } from "./envelope.ts";
import { retry } from "./retry.ts";
import { Unreachable } from "./transport.ts";

export interface Read<Message> {
  readonly sequence: number;
  /** Nothing if it is damaged in the log, or of another run. */
  readonly message: Message | undefined;
  readonly body: Uint8Array;
}

/** A message that is damaged so often is damaged in the log. */
const ATTEMPTS = 5;

/** The messages of `subject` that are this run's, from sequence `from` on, until the context's signal aborts. */
export async function* readLog<Message extends { readonly run: string }>(
  context: Context,
  subject: string,
  from: number,
  parse: (header: unknown) => Message,
): AsyncGenerator<Read<Message>, void, void> {
  const { transport, clock, signal, report, run } = context;
  let next = from;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const { sequence, data } of transport.read(subject, next, signal)) {
        next = sequence;
        try {
          const { header, body } = open(data);
          const message = parse(header);
          yield { sequence, message: message.run === run ? message : undefined, body };
        } catch (error) {
          if (!(error instanceof Damaged || error instanceof z.ZodError)) throw error;
          if (++failures < ATTEMPTS) break;
          report({ type: "incident", message: `Message ${sequence} of the log is left out: ${error.message}` });
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
