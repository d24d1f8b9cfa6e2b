/** The socket under the app: it takes connections, whatever happens to them. */
import { counted } from "../../base/counted.ts";
import { errorMessage, InputError, missingPermission } from "../../base/errors.ts";
import { CONNECTION_LIMITS, type ConnectionLimits, Connections } from "./connections.ts";
import type { Peer } from "../pipeline/peer.ts";
import { HttpFigures } from "../metrics.ts";
import { serveConnection } from "./runtime_http.ts";

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
  readonly limits?: Partial<ConnectionLimits>;
  /** Counts connections. */
  readonly figures?: HttpFigures;
  /** A line for whoever runs this. */
  readonly note?: (line: string) => void;
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
/** How long to wait after an `accept` that failed: the system has to get file descriptors back. */
const LEAST_PAUSE_MS = 20;
const MOST_PAUSE_MS = 1000;
/** Failures that follow one another are told of this often. */
const NOTE_MS = 60_000;

/** Throws an InputError that says why it cannot listen and what to do about it. */
export function startServer(options: ServerOptions): RunningServer {
  const { app, port, closeStreams = () => {}, note = () => {}, figures = new HttpFigures() } = options;
  const hostname = options.host.replace(/^\[(.*)\]$/, "$1");
  const serve = serveConnection();
  const listener = listen(hostname, port);
  const connections = new Connections({
    serve,
    handler: (request, peer) => app.fetch(request, peer),
    limits: { ...CONNECTION_LIMITS, ...options.limits },
    figures,
  });
  const ended = acceptAll(listener, connections, figures, note);

  const close = async (graceMs: number) => {
    closeStreams();
    // New requests are taken meanwhile: a body that is still coming in is answered.
    const drained = await within(graceMs, () => connections.drained());
    listener.close();
    await within(CLOSE_MS, async () => {
      await ended;
      await (drained ? connections.shutdown() : connections.cut());
    });
  };

  let closing: Promise<void> | undefined;
  return {
    url: `http://${browsable(hostname)}:${listener.addr.port}`,
    port: listener.addr.port,
    shutdown: (graceMs) => closing ??= close(graceMs),
  };
}

/** Takes connections until `listener` is closed. It never rejects: nobody who asks may end what this process does. */
async function acceptAll(
  listener: Deno.TcpListener,
  connections: Connections,
  figures: HttpFigures,
  note: (line: string) => void,
): Promise<void> {
  let pauseMs = LEAST_PAUSE_MS;
  let notedAt = -Infinity;
  const tell = (why: string) => {
    figures.acceptFailures++;
    if (performance.now() - notedAt < NOTE_MS) return;
    notedAt = performance.now();
    const kept = `${
      counted(connections.most, "connection is", "connections are")
    } kept, and the idle ones make room for others`;
    note(`Cannot take more connections: ${why}. ${kept}: raise the limit of open files (ulimit -n) for more`);
  };
  while (true) {
    try {
      if (!await connections.ready()) tell("too few files may be opened beside them");
      connections.add(await listener.accept());
      pauseMs = LEAST_PAUSE_MS;
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
      connections.shrink();
      tell(errorMessage(error));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      pauseMs = Math.min(MOST_PAUSE_MS, 2 * pauseMs);
    }
  }
}

function listen(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    const [field, reason] = whyNot(error, hostname);
    throw new InputError([{ field, message: `Cannot listen on ${bracketed(hostname)}:${port}: ${reason}` }]);
  }
}

function whyNot(error: unknown, host: string): [field: string, reason: string] {
  if (error instanceof Deno.errors.AddrInUse) {
    return ["port", "the port is taken. Set `port` to 0 to get a free one, or stop the process that has it"];
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return [
      "host",
      "this machine has no such address. Set `host` to 127.0.0.1, or to 0.0.0.0 for all addresses of this machine",
    ];
  }
  if (error instanceof Deno.errors.NotCapable) {
    return ["host", missingPermission("listen on", bracketed(host))];
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return ["port", "the system does not permit it. Ports below 1024 are for privileged users: set `port` to 8000"];
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
