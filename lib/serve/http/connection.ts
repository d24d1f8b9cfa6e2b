/** One connection of a server: what is under way on it, and since when. */
import { failureResponse } from "../pipeline/front.ts";
import type { BodyReading, Peer } from "../pipeline/peer.ts";
import type { ConnectionHandler, ServeConnection, ServedConnection } from "./runtime_http.ts";

/** Requests of one connection that are under way, whatever others do: one is answered, one may have just been sent. */
const FREE_REQUESTS = 2;

/** What all connections of a server have in common. */
export interface Shared {
  /** The time of the newest sweep, and a billionth of a second for each event since: what comes later is later. */
  now: number;
  /** Requests that are answered or sent. */
  requests: number;
  readonly most: number;
  /** Called when nothing is under way on a connection, where somebody waits for that. */
  settled: (() => void) | undefined;
}

export class Connection implements Peer {
  readonly address: string;
  /** It never rejects: a client that breaks off is no error. */
  readonly finished: Promise<void>;
  readonly #served: ServedConnection;
  readonly #shared: Shared;
  readonly #onCut: () => void;
  #cut = () => {};
  readonly reading: BodyReading[] = [];
  streams = false;
  /** Requests that the handler has not answered. */
  answering = 0;
  /** Answers to a GET that the client has not taken. */
  #sending = 0;
  /** When it last began to wait, to ask or to be sent to. */
  since: number;
  hasAsked = false;

  constructor(
    connection: Deno.Conn,
    serve: ServeConnection,
    handler: (request: Request, peer: Peer) => Response | Promise<Response>,
    shared: Shared,
    onCut: () => void,
  ) {
    this.address = connection.remoteAddr.transport === "tcp" ? connection.remoteAddr.hostname : "";
    this.#shared = shared;
    this.#onCut = onCut;
    this.since = this.clock();
    const handle: ConnectionHandler = (request, info) => {
      // To ask when an answer was sent costs as much as to make one: only a GET, which may be a stream or long, is asked.
      if (request.method === "GET") this.#send(info.completed);
      return handler(request, this);
    };
    const signal = { addEventListener: (_: string, cut: () => void) => void (this.#cut = cut) };
    this.#served = serve(connection, signal, handle, failureResponse, () => {});
    // One that broke off keeps what it holds until it is shut down as well.
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
      this.#cut();
    } catch {
      // It has just ended by itself.
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

/** How much a connection needs its place, the least first. */
export const Need = { waiting: 0, asking: 1, sending: 2 } as const;

export function need({ busy, answering }: Connection): number {
  if (!busy) return Need.waiting;
  return answering > 0 ? Need.asking : Need.sending;
}
