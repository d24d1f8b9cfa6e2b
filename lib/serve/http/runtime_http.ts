/**
 * The runtime's HTTP server on one connection. `Deno.serve` has no limits and ends when `accept` fails, and `node:http`
 * answers a third as many requests. This calls the internal function that `Deno.serve` uses for each connection; no other
 * file knows of it.
 */
import { z } from "zod";
import { inputError } from "../../base/errors.ts";

export type ConnectionHandler = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

export interface ServedConnection {
  /** Settles when the connection is closed. */
  readonly finished: Promise<void>;
  /** Closes it after its open answer. */
  shutdown(): Promise<void>;
}

/** The part of an AbortSignal that the runtime uses: it passes a function that closes the connection at once. */
interface CutSignal {
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

/** Returns the internal function. Throws an InputError for a runtime without it. */
export function serveConnection(): ServeConnection {
  const key = z.symbol().safeParse(Reflect.get(Deno, "internal")).data;
  const parsed = internals.safeParse(key && Reflect.get(Deno, key));
  if (parsed.success) return parsed.data.serveHttpOnConnection;
  const message = `Deno ${Deno.version.deno} cannot serve single connections: use the version that the README names`;
  throw inputError("deno", message);
}
