/** The connection of a request, as the pipeline sees it. */

/** A body that is still arriving. */
export interface BodyReading {
  /** When it began, by the connection's clock. */
  readonly since: number;
}

/** A connection; http/connection.ts has the real one. */
export interface Peer {
  /** IP address of the client. */
  readonly address: string;
  /** Bodies that are still arriving on it, the oldest first. */
  readonly reading: BodyReading[];
  /** True if its newest answer is a stream, which the client may read at any pace. */
  streams: boolean;
  /** Milliseconds, larger at each call and up to a second off: the runtime's clock costs as much as reading a header. */
  clock(): number;
  /** Called before a request is answered. Returns false for one beyond the limit. */
  begin(): boolean;
  /** Called after a request was answered, also if `begin` returned false. */
  end(): void;
  /** Closes the connection at once, also during an answer. */
  cut(): void;
}

/** Returns the peer of a request without a connection. */
export function noPeer(address = ""): Peer {
  const nothing = () => {};
  return { address, reading: [], streams: false, clock: () => 0, begin: () => true, end: nothing, cut: nothing };
}
