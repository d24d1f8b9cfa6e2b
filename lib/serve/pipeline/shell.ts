/** Builds the parts around the routes that every app has: gate, access, errors, headers, metrics and the access log. */
import { basename } from "node:path";
import type { AddressSet } from "../../config/addresses.ts";
import { DamagedFile, InputError } from "../../base/errors.ts";
import { Unavailable } from "../../predict/types.ts";
import { createAccess } from "./access.ts";
import { BodyMemory } from "./body_memory.ts";
import { type AccessRecord, createFront, type Fetch } from "./front.ts";
import { type AllowedHosts, createGate, LOOPBACK_HOSTS } from "./gate.ts";
import { HttpMetrics } from "../metrics.ts";
import { problemResponse, Refusal } from "./problem.ts";
import { clientReader, type PublicAddress } from "./public_address.ts";
import { Routes } from "./routes.ts";

export interface AppOptions {
  /** Silence on an event stream after which a comment is sent; default 15 s. */
  readonly heartbeatMs?: number;
  /** A client of an event stream that reads nothing for this time is dropped; default 30 s. */
  readonly stallMs?: number;
  /** Limit of a request's body; default 1 MiB. */
  readonly bodyLimitBytes?: number;
  /** Limit of the bodies of all open requests together; default 64 MiB. */
  readonly bodyMemoryBytes?: number | undefined;
  /** Limit of the sequences of one prediction; default 1024. */
  readonly maxInstances?: number;
  /** Names that a Host header may have; default the loopback names. See `allowedHostsFor`. */
  readonly allowedHosts?: AllowedHosts;
  /** The server's address behind a proxy. */
  readonly publicAddress?: PublicAddress | undefined;
  /** Proxies whose X-Forwarded-For counts; default none. */
  readonly trustedProxies?: AddressSet | undefined;
  /** The token that clients have to send, if any. */
  readonly token?: string | undefined;
  /** The token of people who only label, if there is one. */
  readonly labelToken?: string | undefined;
  /** Origin whose pages may send requests, or `*`; default only the server's own pages. */
  readonly corsOrigin?: string | undefined;
  /** Lets pages of every site send requests: see createGate(). */
  readonly anyOrigin?: boolean;
  /** Limit of requests per client and second; default none. */
  readonly rateLimit?: number;
  /** Time in which a ready model has to answer; default 2 s. */
  readonly readyMs?: number;
  /** Ends all event streams when it aborts, and later ones at once. */
  readonly shutdown?: AbortSignal;
  /** Counts requests and streams; successive apps on a port share it. */
  readonly metrics?: HttpMetrics;
  /** Receives a record of every answer. */
  readonly onAccess?: ((record: AccessRecord) => void) | undefined;
  /** Receives unexpected errors; the client sees a 500 without details. */
  readonly onError?: (error: unknown) => void;
}

/** The app is all of HTTP except the socket: `request(path)` answers without one. */
export interface App {
  readonly fetch: Fetch;
  request(path: string, init?: RequestInit): Promise<Response>;
}

interface Shell {
  readonly routes: Routes;
  readonly app: App;
  readonly metrics: HttpMetrics;
  readonly onError: (error: unknown) => void;
}

/** Status in logs and metrics of a client that left before its answer. */
const CLIENT_GONE = 499;

/** Builds an app without routes; `run` returns the id of the served run. */
export function createShell(options: AppOptions, run: () => string): Shell {
  const { allowedHosts = LOOPBACK_HOSTS, rateLimit = 0, corsOrigin, anyOrigin, publicAddress, token, onAccess } =
    options;
  const { onError = () => {}, metrics = new HttpMetrics() } = options;

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
    // The client left: its error comes from the abort.
    if (signal.aborted) return new Response(null, { status: CLIENT_GONE });
    return answerError(error);
  };
  const access = createAccess({ token, labelToken: options.labelToken, rateLimit, now: () => performance.now() });
  const routes = new Routes({ metrics, onError: onFailure, access });
  const fetch = createFront((request, asked) => routes.fetch(request, asked), {
    gate: createGate({ allowedHosts, corsOrigin, ...anyOrigin && { anyOrigin }, publicAddress }),
    clientOf: clientReader(options.trustedProxies),
    corsOrigin,
    run,
    onAccess,
    onError: answerError,
    refused: metrics.route("any", "refused"),
    bodies: new BodyMemory(options.bodyMemoryBytes),
  });
  const app: App = { fetch, request: (path, init) => fetch(new Request(`http://${hostOf(init)}${path}`, init)) };
  return { routes, app, metrics, onError };
}

/** Returns the host that `init` names if a URL can have it, otherwise `localhost`. */
function hostOf(init: RequestInit = {}): string {
  const host = new Headers(init.headers).get("Host");
  return host !== null && URL.canParse(`http://${host}`) ? host : "localhost";
}
