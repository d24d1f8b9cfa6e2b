/** One connection of a server: counts its open requests, and knows since when it waits. */
import type { HttpConnection, ServedConnection } from "../../platform/http/types.ts";
import { failureResponse } from "../pipeline/front.ts";
import type { BodyReading, Peer } from "../pipeline/peer.ts";

/** Open requests that each connection may have at any load: one being answered, one just sent. */
const FREE_REQUESTS = 2;

/** State that all connections of a server share. */
export interface Shared {
  /** The time of the newest sweep plus 1 ns for each event since: later events have later times. */
  now: number;
  /** Requests that are being answered or sent. */
  requests: number;
  readonly most: number;
  /** Called when a connection has become idle; set while a shutdown waits for that. */
  settled: (() => void) | undefined;
}

export class Connection implements Peer {
  readonly address: string;
  /** Never rejects: a client that disconnects is not an error. */
  readonly finished: Promise<void>;
  readonly #served: ServedConnection;
  readonly #shared: Shared;
  readonly #onCut: () => void;
  readonly reading: BodyReading[] = [];
  streams = false;
  /** Requests that the handler has not answered yet. */
  answering = 0;
  /** Answers to a GET that the client has not read completely. */
  #sending = 0;
  /** When it last became idle, sent a request or was sent an answer. */
  since: number;
  hasAsked = false;

  constructor(
    connection: HttpConnection,
    handler: (request: Request, peer: Peer) => Response | Promise<Response>,
    shared: Shared,
    onCut: () => void,
  ) {
    this.address = connection.address;
    this.#shared = shared;
    this.#onCut = onCut;
    this.since = this.clock();
    this.#served = connection.serve((request, info) => {
      // Waiting for the end of sending costs as much as an answer: only a GET, which may be long or a stream, is watched.
      if (request.method === "GET") this.#send(info.completed);
      return handler(request, this);
    }, failureResponse);
    // A broken connection keeps its resources until it is shut down as well.
    this.finished = this.#served.finished.catch(() => this.#served.shutdown().catch(() => {}));
  }

  get busy(): boolean {
    return this.answering > 0 || this.#sending > 0;
  }

  clock(): number {
    return this.#shared.now += 1e-6;
  }

  begin(): boolean {
    const { most, requests } = this.#shared;
    const isFree = this.answering < FREE_REQUESTS && this.#sending <= FREE_REQUESTS;
    this.answering++;
    this.#shared.requests++;
    this.hasAsked = true;
    this.since = this.clock();
    return isFree || requests < most;
  }

  end(): void {
    this.answering--;
    this.#settle();
  }

  cut(): void {
    this.#onCut();
    try {
      this.#served.cut();
    } catch {
      // It has just closed by itself.
    }
  }

  async shutdown(): Promise<void> {
    await this.#served.shutdown().catch(() => {});
    await this.finished;
  }

  #send(completed: Promise<void>): void {
    this.#sending++;
    this.#shared.requests++;
    this.streams = false;
    completed.catch(() => {}).finally(() => {
      this.#sending--;
      this.#settle();
    });
  }

  #settle(): void {
    this.#shared.requests--;
    this.since = this.clock();
    if (!this.busy) this.#shared.settled?.();
  }
}

/** How much a connection needs its place, from least to most. */
export const Need = { waiting: 0, asking: 1, sending: 2 } as const;

export function need({ busy, answering }: Connection): number {
  if (!busy) return Need.waiting;
  return answering > 0 ? Need.asking : Need.sending;
}
