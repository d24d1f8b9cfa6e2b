/**
 * Limits a server's connections in number and in time. An idle connection gives its place to a new one, and file
 * descriptors are reserved for training however many connections clients open.
 */
import { canOpen } from "../../platform/open_files.ts";
import type { HttpConnection } from "../../platform/http/types.ts";
import { Connection, Need, need, type Shared } from "./connection.ts";
import type { Peer } from "../pipeline/peer.ts";
import type { CloseReason } from "../metrics.ts";

export interface ConnectionLimits {
  /** Open connections, and open requests of connections that have several (HTTP/2). */
  readonly most: number;
  /** A new connection without a complete request head is closed after this time. */
  readonly headMs: number;
  /** A connection without a request since its last answer is closed after this time, which a long answer has to arrive. */
  readonly idleMs: number;
  /** A connection whose request body is still incomplete is closed after this time. */
  readonly bodyMs: number;
  /** A connection whose client does not read an answer is closed after this time. Event streams have their own limit. */
  readonly sendMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  most: 4000,
  headMs: 30_000,
  idleMs: 300_000,
  bodyMs: 60_000,
  sendMs: 300_000,
};

/** File descriptors reserved for the rest of the process: checkpoints, logs, threads. */
const RESERVE = 32;
/** The reserve is tested whenever the highest number of connections has grown by this. */
const STEP = 8;
/** Connections that are allowed even without the reserve. */
const LEAST = 8;
/** Interval between two checks of the times. */
const SWEEP_MS = 1000;

/** Counts for `/metrics`. */
interface ConnectionMetrics {
  connections: number;
  readonly closed: Map<CloseReason, number>;
}

interface ConnectionsOptions {
  readonly handler: (request: Request, peer: Peer) => Response | Promise<Response>;
  readonly limits: ConnectionLimits;
  readonly metrics: ConnectionMetrics;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Set<Connection>();
  /** Connections that were cut, until the system has closed them. */
  readonly #closing = new Set<Connection>();
  readonly #sweeper: ReturnType<typeof setInterval>;
  #most: number;
  /** Up to this many connections the reserve of file descriptors has been tested. */
  #tried = 0;
  readonly #shared: Shared;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const { most, headMs, idleMs, bodyMs, sendMs } = options.limits;
    this.#most = most;
    this.#shared = { now: performance.now(), requests: 0, most, settled: undefined };
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(SWEEP_MS, headMs, idleMs, bodyMs, sendMs));
  }

  /** Connections that are allowed at once. */
  get most(): number {
    return this.#most;
  }

  /** Serves `connection`. At the limit, the connection that needs its place least is closed, or this one if all are busy. */
  add(connection: HttpConnection): void {
    const { handler, metrics } = this.#options;
    if (this.#open.size >= this.#most && !this.#makeRoom()) {
      this.#count("full");
      connection.close();
      return;
    }
    try {
      const added: Connection = new Connection(connection, handler, this.#shared, () => {
        if (this.#open.delete(added)) this.#closing.add(added);
      });
      this.#open.add(added);
      metrics.connections++;
      added.finished.finally(() => {
        this.#open.delete(added);
        this.#closing.delete(added);
        metrics.connections--;
        this.#shared.settled?.();
        // A burst of connections is over: allow the full number again.
        if (this.#open.size < this.#most / 2 && this.#most < this.#options.limits.most) {
          this.#most = this.#options.limits.most;
          this.#tried = 0;
        }
      });
    } catch {
      // The client has disconnected already.
    }
  }

  /** Waits until another connection may be accepted. Returns false if a lack of file descriptors lowers the limit. */
  async ready(): Promise<boolean> {
    while (this.#closing.size >= STEP) await Promise.race([...this.#closing].map(({ finished }) => finished));
    if (this.#open.size < this.#tried || this.#most < this.#options.limits.most) return true;
    this.#tried = this.#open.size + STEP;
    if (canOpen(RESERVE)) return true;
    this.#most = Math.max(LEAST, this.#open.size);
    return false;
  }

  /** Frees file descriptors, and lowers the limit of connections. */
  shrink(): void {
    // Closing connections are about to free some.
    if (this.#closing.size > 0) return;
    this.#most = Math.max(LEAST, Math.min(this.#most, this.#open.size) - RESERVE);
    const order = [...this.#open].sort((a, b) => need(a) - need(b) || a.since - b.since);
    for (const connection of order.slice(0, Math.max(0, order.length - this.#most))) this.#close(connection, "full");
  }

  /** Waits until all connections are idle. */
  async drained(): Promise<void> {
    while ([...this.#open].some((connection) => connection.busy)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#shared.settled = resolve;
      await promise;
    }
  }

  /** Closes all connections after their open answers. */
  async shutdown(): Promise<void> {
    clearInterval(this.#sweeper);
    await Promise.all([...this.#open, ...this.#closing].map((connection) => connection.shutdown()));
  }

  /** Closes all connections at once. */
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
    // Compares with the time of the previous sweep, so that no connection is closed early.
    const { now } = this.#shared;
    this.#shared.now = Math.max(now, performance.now());
    for (const connection of this.#open) {
      const spent = now - connection.since;
      if (!connection.busy && spent > (connection.hasAsked ? idleMs : headMs)) this.#close(connection, "idle");
      // HTTP/2: a connection has several bodies, and other requests meanwhile.
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
    const { closed } = this.#options.metrics;
    closed.set(reason, (closed.get(reason) ?? 0) + 1);
  }
}
