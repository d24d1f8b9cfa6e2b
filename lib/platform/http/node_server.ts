/**
 * The HTTP server of Node and Bun: `node:http`, with requests whose target and headers are those that the client sent.
 * All limits in time are those of lib/serve/http; the ones of `node:http` are off.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { HttpConnection, HttpHandler, HttpListener, ServedConnection } from "./types.ts";

/** The rest of a body that the handler does not read is received for this time: a client that sends it must get its answer. */
const REST_MS = 1000;
/** Requests of a connection without an answer. Clients wait for answers; one that sends more at once is cut off. */
const MOST_OPEN = 100;

/** Listens on `hostname` and `port`. Rejects with the error of the system if it cannot. */
export async function listen(hostname: string, port: number): Promise<HttpListener> {
  const server = createServer({ keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 });
  const connections = new WeakMap<Socket, NodeConnection>();
  const arrived: NodeConnection[] = [];
  let failure: Error | undefined;
  let isClosed = false;
  let wake = () => {};
  server.on("connection", (socket: Socket) => {
    const connection = new NodeConnection(socket);
    connections.set(socket, connection);
    arrived.push(connection);
    wake();
  });
  const answer = (request: IncomingMessage, response: ServerResponse) =>
    void connections.get(request.socket)!.answer(request, response);
  server.on("request", answer);
  // An unknown Expect is no reason for a bare 417.
  server.on("checkExpectation", answer);

  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen({ host: hostname, port, exclusive: true }, listening.resolve);
  await listening.promise;
  server.off("error", listening.reject);
  server.on("error", (error) => {
    failure = error;
    wake();
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    close() {
      isClosed = true;
      server.close();
      wake();
    },
    async accept() {
      for (;;) {
        if (isClosed) return undefined;
        const error = failure;
        failure = undefined;
        if (error) throw error;
        const connection = arrived.shift();
        if (connection) return connection;
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    },
  };
}

interface Service {
  readonly handler: HttpHandler;
  readonly onError: () => Response;
}

class NodeConnection implements HttpConnection {
  readonly address: string;
  readonly #socket: Socket;
  readonly #service = Promise.withResolvers<Service>();
  /** Answers that are not sent yet. */
  #open = 0;
  /** Resolves when the newest request has its answer, or cannot have one any more. */
  #newest = Promise.resolve();
  #isEnding = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.address = socket.remoteAddress ?? "";
    // The connection closes after an error.
    socket.on("error", () => {});
  }

  close(): void {
    this.#socket.destroy();
  }

  serve(handler: HttpHandler, onError: () => Response): ServedConnection {
    const { promise: finished, resolve } = Promise.withResolvers<void>();
    if (this.#socket.destroyed) resolve();
    else this.#socket.once("close", () => resolve());
    this.#service.resolve({ handler, onError });
    return {
      finished,
      cut: () => this.close(),
      shutdown: () => {
        this.#isEnding = true;
        if (this.#open === 0) this.close();
        return finished;
      },
    };
  }

  /**
   * Answers a request, after those before it on this connection: Node passes on all that have arrived. Never rejects: a
   * client that leaves is not an error.
   */
  async answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#open >= MOST_OPEN) return this.close();
    const before = this.#newest;
    const ended = Promise.withResolvers<void>();
    this.#newest = ended.promise;
    this.#open++;
    await before;
    if (this.#socket.destroyed) return ended.resolve();
    const leaving = new AbortController();
    const completed = Promise.withResolvers<void>();
    completed.promise.catch(() => {});
    response.once("close", () => {
      this.#open--;
      ended.resolve();
      if (response.writableFinished) completed.resolve();
      else {
        leaving.abort();
        completed.reject(new Error("The client has left"));
      }
      if (this.#isEnding && this.#open === 0) this.#socket.destroySoon();
    });
    const { handler, onError } = await this.#service.promise;
    let answer: Response;
    try {
      answer = await handler(requestOf(message, leaving.signal), { completed: completed.promise });
    } catch {
      answer = onError();
    }
    if (this.#isEnding) response.setHeader("Connection", "close");
    await send(answer, response).catch(() => this.close());
    if (message.complete) return;
    // Without its end, the next request could not be read.
    message.resume();
    const timer = setTimeout(() => this.close(), REST_MS);
    message.once("close", () => clearTimeout(timer));
    message.once("end", () => clearTimeout(timer));
  }
}

/** Methods that no Request can have. */
const NAMELESS = /^(CONNECT|TRACE|TRACK)$/i;

/** Returns the request, with its target as the client sent it: a Request by itself would rewrite it. */
function requestOf(message: IncomingMessage, signal: AbortSignal): Request {
  const { rawHeaders, method = "GET", url = "" } = message;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
  const hasBody = method !== "GET" && method !== "HEAD" &&
    (headers.has("content-length") || headers.has("transfer-encoding"));
  const init: RequestInit & { readonly duplex: "half" } = {
    method: NAMELESS.test(method) ? "OPTIONS" : method,
    headers,
    signal,
    // Read only when the handler asks for it. Leaving it must not close the connection, on which the answer is sent.
    body: hasBody ? ReadableStream.from<Uint8Array>(message.iterator({ destroyOnReturn: false })) : null,
    duplex: "half",
  };
  const request = new Request("http://localhost/", init);
  Object.defineProperties(request, { url: { value: urlOf(url, headers, message.socket) }, method: { value: method } });
  return request;
}

/** Returns the URL for a target: itself if it is one, otherwise with the Host before it, and both in the client's spelling. */
function urlOf(target: string, headers: Headers, { localAddress, localPort }: Socket): string {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(target)) return target;
  return `http://${headers.get("host") ?? `${localAddress}:${localPort}`}${target}`;
}

/** Sends `answer`; resolves when all of it is handed to the connection. A stream is read as fast as the client reads. */
async function send(answer: Response, response: ServerResponse): Promise<void> {
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) response.appendHeader(name, value);
  if (!answer.body || answer.headers.get("content-type") !== "text/event-stream") {
    response.end(new Uint8Array(await answer.arrayBuffer()));
    return;
  }
  const reader = answer.body.getReader();
  const left = Promise.withResolvers<void>();
  response.once("close", () => {
    left.resolve();
    reader.cancel().catch(() => {});
  });
  while (!response.destroyed) {
    const { done, value } = await reader.read();
    if (done) break;
    if (response.write(value)) continue;
    const drained = new Promise<void>((resolve) => response.once("drain", resolve));
    await Promise.race([drained, left.promise]);
  }
  response.end();
}
