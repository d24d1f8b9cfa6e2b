/**
 * The HTTP server of Deno. `Deno.serve` has no limits and ends when `accept` fails, and `node:http` answers a third as many
 * requests. This calls the internal function that `Deno.serve` uses for each connection; no other file knows of it.
 */
import type { HttpConnection, HttpHandler, HttpListener, ServedConnection } from "./types.ts";

/** The part of an AbortSignal that the runtime uses: it passes a function that closes the connection at once. */
interface CutSignal {
  addEventListener(type: string, cut: () => void): void;
}

type ServeConnection = (
  connection: Deno.Conn,
  signal: CutSignal,
  handler: HttpHandler,
  onError: () => Response,
  onListen: () => void,
) => Omit<ServedConnection, "cut">;

export function listen(hostname: string, port: number): HttpListener {
  const serve = serveConnection();
  const listener = Deno.listen({ hostname, port });
  return {
    port: listener.addr.port,
    close: () => listener.close(),
    async accept() {
      try {
        return accepted(await listener.accept(), serve);
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return undefined;
        throw error;
      }
    },
  };
}

function accepted(connection: Deno.TcpConn, serve: ServeConnection): HttpConnection {
  return {
    address: connection.remoteAddr.hostname,
    serve(handler, onError) {
      let cut = () => {};
      const signal = { addEventListener: (_: string, cutNow: () => void) => void (cut = cutNow) };
      const served = serve(connection, signal, handler, onError, () => {});
      return { finished: served.finished, shutdown: () => served.shutdown(), cut: () => cut() };
    },
    close: () => connection.close(),
  };
}

/** Returns the internal function. Throws a TypeError for a version without it. */
function serveConnection(): ServeConnection {
  const key: unknown = Reflect.get(Deno, "internal");
  const internals: unknown = typeof key === "symbol" ? Reflect.get(Deno, key) : undefined;
  const serve: unknown = internals instanceof Object ? Reflect.get(internals, "serveHttpOnConnection") : undefined;
  if (isServe(serve)) return serve;
  const message = `Deno ${Deno.version.deno} cannot serve single connections: use the version that the README names`;
  throw new TypeError(message);
}

function isServe(value: unknown): value is ServeConnection {
  return typeof value === "function";
}
