/**
 * The connections of a server, limited in number and in time. One that waits for a request holds a place until it is
 * asked for by another; training has file descriptors left whatever clients open.
 */
import { Connection, Need, need, type Shared } from "./connection.ts";
import type { Peer } from "../pipeline/peer.ts";
import type { CloseReason } from "../metrics.ts";
import type { ServeConnection } from "./runtime_http.ts";

export interface ConnectionLimits {
  /** Connections that are open at once, and requests that are under way where one connection has several, by HTTP/2. */
  readonly most: number;
  /** A new connection that has sent no whole request head for this long is closed. */
  readonly headMs: number;
  /** One that was answered and has sent no further request for this long is closed, so a long answer has as long to arrive. */
  readonly idleMs: number;
  /** One whose request's body is not complete after this long is closed. */
  readonly bodyMs: number;
  /** One that has not taken an answer for this long is closed. Event streams have a limit of their own. */
  readonly sendMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  most: 4000,
  headMs: 30_000,
  idleMs: 300_000,
  bodyMs: 60_000,
  sendMs: 300_000,
};

/** File descriptors that are left to the rest of the process: to checkpoints, logs and threads. */
const RESERVE = 32;
/** Whether they are left is tried each time that as many connections more are open than ever. */
const STEP = 8;
/** Connections that are kept even so. */
const LEAST = 8;
/** How often times are looked at. */
const SWEEP_MS = 1000;

/** Counts for `/metrics`. */
export interface ConnectionFigures {
  connections: number;
  readonly closed: Map<CloseReason, number>;
}

export interface ConnectionsOptions {
  readonly serve: ServeConnection;
  readonly handler: (request: Request, peer: Peer) => Response | Promise<Response>;
  readonly limits: ConnectionLimits;
  readonly figures: ConnectionFigures;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Set<Connection>();
  /** Those that were cut, until the system has closed them. */
  readonly #closing = new Set<Connection>();
  readonly #sweeper: ReturnType<typeof setInterval>;
  #most: number;
  /** Up to this many connections there is no need to try for file descriptors. */
  #tried = 0;
  readonly #shared: Shared;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const { most, headMs, idleMs, bodyMs, sendMs } = options.limits;
    this.#most = most;
    this.#shared = { now: performance.now(), requests: 0, most, settled: undefined };
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(SWEEP_MS, headMs, idleMs, bodyMs, sendMs));
  }

  /** Connections that are kept at once. */
  get most(): number {
    return this.#most;
  }

  /** Serves `connection`; the one that needs its place least makes room for it, or it is closed if all are busy. */
  add(connection: Deno.Conn): void {
    const { serve, handler, figures } = this.#options;
    if (this.#open.size >= this.#most && !this.#makeRoom()) {
      this.#count("full");
      connection.close();
      return;
    }
    try {
      const added: Connection = new Connection(connection, serve, handler, this.#shared, () => {
        if (this.#open.delete(added)) this.#closing.add(added);
      });
      this.#open.add(added);
      figures.connections++;
      added.finished.finally(() => {
        this.#open.delete(added);
        this.#closing.delete(added);
        figures.connections--;
        this.#shared.settled?.();
        // Whoever attacked has left.
        if (this.#open.size < this.#most / 2 && this.#most < this.#options.limits.most) {
          this.#most = this.#options.limits.most;
          this.#tried = 0;
        }
      });
    } catch {
      // The client has left before it was served.
    }
  }

  /** Waits until another connection may be taken. Returns false if fewer are from now on, for want of file descriptors. */
  async ready(): Promise<boolean> {
    while (this.#closing.size >= STEP) await Promise.race([...this.#closing].map(({ finished }) => finished));
    if (this.#open.size < this.#tried || this.#most < this.#options.limits.most) return true;
    this.#tried = this.#open.size + STEP;
    if (filesLeft(RESERVE)) return true;
    this.#most = Math.max(LEAST, this.#open.size);
    return false;
  }

  /** Gives file descriptors back, and takes fewer connections from now on. */
  shrink(): void {
    // Some are about to come back.
    if (this.#closing.size > 0) return;
    this.#most = Math.max(LEAST, Math.min(this.#most, this.#open.size) - RESERVE);
    const order = [...this.#open].sort((a, b) => need(a) - need(b) || a.since - b.since);
    for (const connection of order.slice(0, Math.max(0, order.length - this.#most))) this.#close(connection, "full");
  }

  /** Waits until nothing is being answered. */
  async drained(): Promise<void> {
    while ([...this.#open].some((connection) => connection.busy)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#shared.settled = resolve;
      await promise;
    }
  }

  /** Ends all connections after the answers under way. */
  async shutdown(): Promise<void> {
    clearInterval(this.#sweeper);
    await Promise.all([...this.#open, ...this.#closing].map((connection) => connection.shutdown()));
  }

  /** Ends all connections now. */
  async cut(): Promise<void> {
    clearInterval(this.#sweeper);
    const all = [...this.#open, ...this.#closing];
    for (const connection of all) connection.cut();
    await Promise.all(all.map(({ finished }) => finished));
  }

  #makeRoom(): boolean {
    let least: Connection | undefined;
    for (const connection of this.#open) {
      if (need(connection) === Need.sending) continue;
      const before = !least || need(connection) - need(least) || connection.since - least.since;
      if (before === true || before < 0) least = connection;
    }
    if (least) this.#close(least, "full");
    return least !== undefined;
  }

  #sweep(): void {
    const { headMs, idleMs, bodyMs, sendMs } = this.#options.limits;
    // Times are those of the sweep before: nobody is closed before a limit.
    const { now } = this.#shared;
    this.#shared.now = Math.max(now, performance.now());
    for (const connection of this.#open) {
      const spent = now - connection.since;
      if (!connection.busy && spent > (connection.hasAsked ? idleMs : headMs)) this.#close(connection, "idle");
      // By HTTP/2 a connection has several, and other requests meanwhile.
      else if (now - (connection.reading[0]?.since ?? now) > bodyMs) this.#close(connection, "body");
      else if (need(connection) === Need.sending && !connection.streams && spent > sendMs) {
        this.#close(connection, "stalled");
      }
    }
  }

  #close(connection: Connection, reason: CloseReason): void {
    this.#count(reason);
    connection.cut();
  }

  #count(reason: CloseReason): void {
    const { closed } = this.#options.figures;
    closed.set(reason, (closed.get(reason) ?? 0) + 1);
  }
}

/** Whether the process may open `count` files more; true where it may not read any. */
function filesLeft(count: number): boolean {
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < count) files.push(Deno.openSync(new URL(import.meta.url)));
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.NotFound;
  } finally {
    for (const file of files) file.close();
  }
}
