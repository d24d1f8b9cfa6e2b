/** One HTTP server of each runtime, as lib/serve/http uses it. */

export type HttpHandler = (request: Request, info: AnswerInfo) => Response | Promise<Response>;

interface AnswerInfo {
  /** Settles when the answer was sent; rejects if the client left before. */
  readonly completed: Promise<void>;
}

export interface HttpListener {
  readonly port: number;
  /** Waits for a connection. Resolves to undefined once the listener is closed; rejects if the system has no room for one. */
  accept(): Promise<HttpConnection | undefined>;
  close(): void;
}

export interface HttpConnection {
  /** The client's IP address. */
  readonly address: string;
  /** Answers requests, whose `url` and Host are what the client sent. Throws if the client has disconnected already. */
  serve(handler: HttpHandler, onError: () => Response): ServedConnection;
  /** Closes it without serving it. */
  close(): void;
}

export interface ServedConnection {
  /** Settles when the connection is closed. */
  readonly finished: Promise<void>;
  /** Closes it after its open answer. */
  shutdown(): Promise<void>;
  /** Closes it at once. */
  cut(): void;
}
