/** The connection that a request came by, as the pipeline sees it. */

/** A body that is being read. */
export interface BodyReading {
  /** When it began, by the connection's clock. */
  readonly since: number;
}

/** The connection that a request came by. */
export interface Peer {
  /** IP address of the client. */
  readonly address: string;
  /** Bodies that are being read from it, the oldest first. */
  readonly reading: BodyReading[];
  /** Its newest answer is a stream, which its client may take at any pace. */
  streams: boolean;
  /** Milliseconds, later each time and up to a second off: the runtime's clock costs as much as reading a header. */
  clock(): number;
  /** Called before a request is answered. Returns false if it is one too many. */
  begin(): boolean;
  /** Called after a request was answered, whatever `begin` returned. */
  end(): void;
  /** Closes the connection, whatever is still to be sent on it. */
  cut(): void;
}

/** Of a request that came by no connection. */
export function noPeer(address = ""): Peer {
  const nothing = () => {};
  return { address, reading: [], streams: false, clock: () => 0, begin: () => true, end: nothing, cut: nothing };
}
