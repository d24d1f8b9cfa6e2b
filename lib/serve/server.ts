/** The socket under the app: the one file of this part that knows Deno. */
import { errorMessage, InputError } from "../errors.ts";
import { failureResponse, type Peer } from "./front.ts";

export interface ServedApp {
  fetch(request: Request, peer: Peer): Response | Promise<Response>;
}

export interface ServerOptions {
  readonly app: ServedApp;
  /** Address or name to listen on. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Ends the event streams, which would otherwise hold up `shutdown` until its deadline. */
  readonly closeStreams?: () => void;
}

export interface RunningServer {
  /** Where a browser on this machine finds it, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Answers what was asked before, then closes; what is open after `graceMs` is cut. Calls after the first join it. */
  shutdown(graceMs: number): Promise<void>;
}

/** How long connections that are idle or cut may take to be gone. */
const CLOSE_MS = 1000;

/** Throws an InputError that says why it cannot listen and what to do about it. */
export function startServer({ app, host, port, closeStreams = () => {} }: ServerOptions): RunningServer {
  const hostname = host.replace(/^\[(.*)\]$/, "$1");
  const cut = new AbortController();
  const unsent = new Set<Promise<unknown>>();
  let answering = 0;
  let answered = Promise.withResolvers<void>();
  const server = listen(hostname, port, cut.signal, async (request, info) => {
    // To ask when an answer was sent costs as much as to make one: only streams, which answer a GET, are asked.
    if (request.method === "GET") {
      const sent = info.completed.catch(() => {}).finally(() => unsent.delete(sent));
      unsent.add(sent);
    }
    answering++;
    try {
      return await app.fetch(request, { address: info.remoteAddr.hostname, cut: () => {} });
    } finally {
      answering--;
      answered.resolve();
    }
  });

  const close = async (graceMs: number) => {
    closeStreams();
    // Not by server.shutdown(): it may break bodies that are still coming in, and once it waits nothing can be cut.
    const drained = await within(graceMs, async () => {
      while (unsent.size > 0 || answering > 0) {
        answered = Promise.withResolvers();
        if (answering > 0) await answered.promise;
        else await Promise.all(unsent);
      }
    });
    await within(CLOSE_MS, async () => {
      if (drained) return await server.shutdown();
      cut.abort();
      await server.finished;
    });
  };

  let closing: Promise<void> | undefined;
  return {
    url: `http://${browsable(hostname)}:${server.addr.port}`,
    port: server.addr.port,
    shutdown: (graceMs) => closing ??= close(graceMs),
  };
}

function listen(
  hostname: string,
  port: number,
  signal: AbortSignal,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, signal, onListen: () => {}, onError: failureResponse }, handler);
  } catch (error) {
    const [field, reason] = whyNot(error, hostname);
    throw new InputError([{ field, message: `Cannot listen on ${bracketed(hostname)}:${port}: ${reason}` }]);
  }
}

function whyNot(error: unknown, host: string): [field: string, reason: string] {
  if (error instanceof Deno.errors.AddrInUse) {
    return ["port", "the port is taken. Pass --port 0 to get a free one, or stop the process that has it"];
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return [
      "host",
      "this machine has no such address. Pass --host 127.0.0.1, or --host 0.0.0.0 for all of its addresses",
    ];
  }
  if (error instanceof Deno.errors.NotCapable) {
    return ["host", `Deno was not permitted to. Start it with --allow-net=${bracketed(host)}`];
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return ["port", "the system does not permit it. Ports below 1024 are for privileged users: pass --port 8000"];
  }
  return ["host", errorMessage(error)];
}

/** Whether `work` ended within `ms`. */
async function within(ms: number, work: () => Promise<void>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  try {
    return await Promise.race([work().then(() => true), promise]);
  } finally {
    clearTimeout(timer);
  }
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** Not every browser takes the address that stands for all of them. */
function browsable(host: string): string {
  return bracketed(host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host);
}
