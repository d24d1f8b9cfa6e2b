/**
 * The runtime's HTTP server on one connection. `Deno.serve` has no limits and ends when `accept` fails, and `node:http`
 * answers a third as many requests; this is what `Deno.serve` does for each of its connections, which the runtime
 * shows as an internal only. It is the one place that knows so.
 */
import { z } from "zod";
import { InputError } from "../../base/errors.ts";

export type ConnectionHandler = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

export interface ServedConnection {
  /** Settles when the connection is closed. */
  readonly finished: Promise<void>;
  /** Ends it after the answer that is under way. */
  shutdown(): Promise<void>;
}

/** All that the runtime asks of a signal: it is told once what closes the connection at once. */
export interface CutSignal {
  addEventListener(type: string, cut: () => void): void;
}

export type ServeConnection = (
  connection: Deno.Conn,
  signal: CutSignal,
  handler: ConnectionHandler,
  onError: (error: unknown) => Response,
  onListen: () => void,
) => ServedConnection;

const internals = z.object({
  serveHttpOnConnection: z.custom<ServeConnection>((value) => typeof value === "function"),
});

/** Throws an InputError for a runtime that has it no more. */
export function serveConnection(): ServeConnection {
  const key = z.symbol().safeParse(Reflect.get(Deno, "internal")).data;
  const parsed = internals.safeParse(key && Reflect.get(Deno, key));
  if (parsed.success) return parsed.data.serveHttpOnConnection;
  const message = `Deno ${Deno.version.deno} cannot serve single connections: use the version that the README names`;
  throw new InputError([{ field: "deno", message }]);
}
