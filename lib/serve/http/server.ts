/** The socket under the app: accepts connections, and survives every failure of theirs. */
import { counted } from "../../base/counted.ts";
import { errorCode, errorMessage, inputError, missingPermission } from "../../base/errors.ts";
import { within } from "../../base/waiting.ts";
import { listen } from "../../platform/http/listen.ts";
import type { HttpListener } from "../../platform/http/types.ts";
import { isMissingPermission } from "../../platform/permissions.ts";
import { CONNECTION_LIMITS, type ConnectionLimits, Connections } from "./connections.ts";
import type { Peer } from "../pipeline/peer.ts";
import { HttpMetrics } from "../metrics.ts";

export interface ServedApp {
  fetch(request: Request, peer: Peer): Response | Promise<Response>;
}

interface ServerOptions {
  readonly app: ServedApp;
  /** Address or name to listen on. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Ends the event streams, which would otherwise delay `shutdown` until its deadline. */
  readonly closeStreams?: () => void;
  readonly limits?: Partial<ConnectionLimits>;
  /** Counts connections. */
  readonly metrics?: HttpMetrics;
  /** Receives lines for the operator. */
  readonly note?: (line: string) => void;
}

export interface RunningServer {
  /** The address for a browser on this machine, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Answers open requests, then closes; connections that are busy after `graceMs` are cut. Later calls join the first. */
  shutdown(graceMs: number): Promise<void>;
}

/** Time that idle or cut connections may take to close. */
const CLOSE_MS = 1000;
/** Pause after an `accept` that failed, in which the system frees file descriptors. */
const LEAST_PAUSE_MS = 20;
const MOST_PAUSE_MS = 1000;
/** Repeated failures are reported this often. */
const NOTE_MS = 60_000;

/** Starts to listen. Rejects with an InputError with the reason and the remedy if it cannot. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { app, port, closeStreams = () => {}, note = () => {}, metrics = new HttpMetrics() } = options;
  const hostname = options.host.replace(/^\[(.*)\]$/, "$1");
  const listener = await listen(hostname, port).catch((error) => {
    const [field, reason] = refusalOf(error, hostname);
    throw inputError(field, `Cannot listen on ${bracketed(hostname)}:${port}: ${reason}`);
  });
  const connections = new Connections({
    handler: (request, peer) => app.fetch(request, peer),
    limits: { ...CONNECTION_LIMITS, ...options.limits },
    metrics,
  });
  const ended = acceptAll(listener, connections, metrics, note);

  const close = async (graceMs: number) => {
    closeStreams();
    // New requests are accepted meanwhile, so that a body that is still arriving is answered.
    const drained = await within(graceMs, connections.drained().then(() => true), false);
    listener.close();
    const closed = ended.then(() => drained ? connections.shutdown() : connections.cut());
    await within(CLOSE_MS, closed, undefined);
  };

  let closing: Promise<void> | undefined;
  return {
    url: `http://${browsable(hostname)}:${listener.port}`,
    port: listener.port,
    shutdown: (graceMs) => closing ??= close(graceMs),
  };
}

/** Accepts connections until `listener` is closed. Never rejects: no client may end the process. */
async function acceptAll(
  listener: HttpListener,
  connections: Connections,
  metrics: HttpMetrics,
  note: (line: string) => void,
): Promise<void> {
  let pauseMs = LEAST_PAUSE_MS;
  let notedAt = -Infinity;
  const report = (reason: string) => {
    metrics.acceptFailures++;
    if (performance.now() - notedAt < NOTE_MS) return;
    notedAt = performance.now();
    const most = counted(connections.most, "connection");
    note(`Cannot accept more than ${most}: ${reason}. Idle ones make room; raise the limit of open files (ulimit -n)`);
  };
  while (true) {
    try {
      if (!await connections.ready()) report("too few file descriptors are left beside them");
      const connection = await listener.accept();
      if (!connection) return;
      connections.add(connection);
      pauseMs = LEAST_PAUSE_MS;
    } catch (error) {
      connections.shrink();
      report(errorMessage(error));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      pauseMs = Math.min(MOST_PAUSE_MS, 2 * pauseMs);
    }
  }
}

function refusalOf(error: unknown, host: string): [field: string, reason: string] {
  if (isMissingPermission(error)) return ["host", missingPermission("listen on", bracketed(host))];
  const code = errorCode(error);
  if (code === "EADDRINUSE") {
    return ["port", "the port is taken. Set `port` to 0 to get a free one, or stop the process that has it"];
  }
  if (code === "EADDRNOTAVAIL") {
    return [
      "host",
      "this machine has no such address. Set `host` to 127.0.0.1, or to 0.0.0.0 for all addresses of this machine",
    ];
  }
  if (code === "EACCES") {
    return ["port", "the system does not permit it. Ports below 1024 are for privileged users: set `port` to 8000"];
  }
  return ["host", errorMessage(error)];
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** Replaces the address for all interfaces, which not every browser accepts. */
function browsable(host: string): string {
  return bracketed(host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host);
}
