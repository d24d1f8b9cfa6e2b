/** Builds what every app of this server has around its routes: the gate, access, errors, headers and the access log. */
import { basename } from "node:path";
import { DamagedFile, InputError } from "../../base/errors.ts";
import { Unavailable } from "../../predict/types.ts";
import { createAccess } from "./access.ts";
import { BodyMemory } from "./body_memory.ts";
import { type AccessRecord, createFront, type Fetch } from "./front.ts";
import { createGate } from "./gate.ts";
import { type AllowedHosts, LOOPBACK_HOSTS } from "./guard.ts";
import { HttpFigures } from "../metrics.ts";
import { problemResponse, Refusal } from "./problem.ts";
import { clientReader, type PublicAddress } from "./public_address.ts";
import { Routes } from "./routes.ts";

export interface AppOptions {
  /** Silence on an event stream after which a comment is sent; 15 s. */
  readonly heartbeatMs?: number;
  /** A client of an event stream that reads nothing for this long is dropped; 30 s. */
  readonly stallMs?: number;
  /** Of a request; 1 MiB. */
  readonly bodyLimitBytes?: number;
  /** Of all requests together that are not answered yet; 64 MiB. */
  readonly bodyMemoryBytes?: number | undefined;
  /** Sequences of one prediction; 1024. */
  readonly maxInstances?: number;
  /** Names that the server is asked by; the loopback names. See `allowedHostsFor`. */
  readonly allowedHosts?: AllowedHosts;
  /** What others know the server by, where a proxy of this machine serves it. */
  readonly publicAddress?: PublicAddress | undefined;
  /** What clients have to send; without it, nothing. */
  readonly token?: string | undefined;
  /** Origin whose pages may ask, or `*`; without it, only our own. */
  readonly corsOrigin?: string | undefined;
  /** Requests that each client may make in a second; without it, any number. */
  readonly rateLimit?: number;
  /** How long the model may take to show that it is ready; 2 s. */
  readonly readyMs?: number;
  /** Ends all event streams when it aborts; those opened later end at once. */
  readonly shutdown?: AbortSignal;
  /** Counts requests and streams; apps that follow one another on a port share them. */
  readonly figures?: HttpFigures;
  /** Told of every answer. */
  readonly onAccess?: ((record: AccessRecord) => void) | undefined;
  /** Told of what was not expected; the client sees a 500 without details. */
  readonly onError?: (error: unknown) => void;
}

/** The app is all of HTTP but the socket: `request(path)` answers without one. */
export interface App {
  readonly fetch: Fetch;
  request(path: string, init?: RequestInit): Promise<Response>;
}

export interface Shell {
  /** Takes the routes; what they do not answer is for `routes.otherwise`. */
  readonly routes: Routes;
  readonly app: App;
  readonly figures: HttpFigures;
  readonly onError: (error: unknown) => void;
}

/** What logs and figures say of a client that left before its answer; it sees none. */
const CLIENT_GONE = 499;

/** `run` gives the run that is served. */
export function createShell(options: AppOptions, run: () => string): Shell {
  const { allowedHosts = LOOPBACK_HOSTS, rateLimit = 0, corsOrigin, publicAddress, token, onAccess } = options;
  const { onError = () => {}, figures = new HttpFigures() } = options;

  const answerError = (error: unknown): Response => {
    if (error instanceof Refusal) return problemResponse(error.status, [error.problem], error.headers);
    if (error instanceof InputError) return problemResponse(400, error.problems, {}, error.more);
    if (error instanceof DamagedFile) {
      const message = `${basename(error.path)} of the run cannot be read: ${error.reason}`;
      return problemResponse(409, [{ field: basename(error.path), message }]);
    }
    if (error instanceof Unavailable) {
      return problemResponse(503, [{ field: "predictor", message: error.message }], { "Retry-After": "1" });
    }
    onError(error);
    return problemResponse(500, []);
  };
  const onFailure = (error: unknown, signal: AbortSignal): Response => {
    // What the abort of its request threw is no error.
    if (signal.aborted) return new Response(null, { status: CLIENT_GONE });
    return answerError(error);
  };
  const access = createAccess({ token, rateLimit, now: () => performance.now() });
  const routes = new Routes({ figures, onError: onFailure, access });
  const fetch = createFront((request, asked) => routes.fetch(request, asked), {
    gate: createGate({ allowedHosts, corsOrigin, publicAddress }),
    clientOf: clientReader(publicAddress !== undefined),
    corsOrigin,
    run,
    onAccess,
    onError: answerError,
    refused: figures.route("any", "refused"),
    bodies: new BodyMemory(options.bodyMemoryBytes),
  });
  const app: App = { fetch, request: (path, init) => fetch(new Request(`http://${hostOf(init)}${path}`, init)) };
  return { routes, app, figures, onError };
}

/** The host that `init` names, if a URL can; `localhost` else. */
function hostOf(init: RequestInit = {}): string {
  const host = new Headers(init.headers).get("Host");
  return host !== null && URL.canParse(`http://${host}`) ? host : "localhost";
}
