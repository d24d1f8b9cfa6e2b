/** The HTTP interface: dashboard, events, runs, predictions and operations, over the services it is given. */
import { basename } from "node:path";
import { describe } from "../data/sequences.ts";
import { DamagedFile, InputError } from "../errors.ts";
import { Unavailable } from "../predict/types.ts";
import { docsAssets } from "./docs_page.ts";
import { type AccessRecord, createFront, type Fetch } from "./front.ts";
import { createAccess } from "./access.ts";
import { clusterRoutes } from "./cluster_routes.ts";
import { createGate } from "./gate.ts";
import { type AllowedHosts, LOOPBACK_HOSTS } from "./guard.ts";
import { inferenceRoutes } from "./inference_routes.ts";
import { HttpFigures } from "./metrics.ts";
import { operationRoutes } from "./operation_routes.ts";
import { pageRoutes } from "./pages.ts";
import { predictRoutes } from "./predict_routes.ts";
import { problemResponse, Refusal } from "./problem.ts";
import { Routes } from "./routes.ts";
import { runRoutes } from "./run_routes.ts";
import { startRoutes } from "./start_routes.ts";
import type { Services } from "./services.ts";
import project from "../../deno.json" with { type: "json" };

export interface AppOptions {
  /** Silence on an event stream after which a comment is sent; 15 s. */
  readonly heartbeatMs?: number;
  /** A client of an event stream that reads nothing for this long is dropped; 30 s. */
  readonly stallMs?: number;
  /** Of a request; 1 MiB. */
  readonly bodyLimitBytes?: number;
  /** Sequences of one prediction; 1024. */
  readonly maxInstances?: number;
  /** Names that the server is asked by; the loopback names. See `allowedHostsFor`. */
  readonly allowedHosts?: AllowedHosts;
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

/** What logs and figures say of a client that left before its answer; it sees none. */
const CLIENT_GONE = 499;

export function createApp(services: Services, options: AppOptions = {}): App {
  const { runs, assets } = services;
  const { bodyLimitBytes = 2 ** 20, maxInstances = 1024, readyMs = 2000, corsOrigin, token } = options;
  const { allowedHosts = LOOPBACK_HOSTS, rateLimit = 0 } = options;
  const onError = options.onError ?? (() => {});
  const { figures = new HttpFigures() } = options;

  const answerError = (error: unknown): Response => {
    if (error instanceof Refusal) return problemResponse(error.status, [error.problem], error.headers);
    if (error instanceof InputError) return problemResponse(400, error.problems);
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

  pageRoutes(routes, [...assets, ...docsAssets]);
  startRoutes(routes, services, bodyLimitBytes);
  runRoutes(routes, services, {
    heartbeatMs: options.heartbeatMs ?? 15_000,
    stallMs: options.stallMs ?? 30_000,
    drops: figures.drops,
    shutdown: options.shutdown ?? new AbortController().signal,
    onError,
    figures,
  });
  clusterRoutes(routes, services);
  const limits = { bodyLimitBytes, maxInstances };
  const operation = { readyMs, figures, onError };
  predictRoutes(routes, services, limits);
  inferenceRoutes(routes, services, { ...limits, ...operation, version: project.version });
  operationRoutes(routes, services, operation);
  const document = JSON.stringify(routes.document(project.version));
  routes.plain("get", "/openapi.json", (c) => c.body(document, 200, { "Content-Type": "application/json" }));

  routes.otherwise((method, path, allowed) => {
    if (allowed.length === 0) {
      return problemResponse(404, [{ field: "path", message: `there is nothing at ${describe(path)}` }]);
    }
    const allow = allowed.join(", ");
    const message = `${method} ${path} is not possible: expected ${allow}`;
    return problemResponse(405, [{ field: "method", message }], { Allow: allow });
  });

  const fetch = createFront((request, target, peer) => routes.fetch(request, target, peer), {
    gate: createGate({ allowedHosts, corsOrigin }),
    corsOrigin,
    run: () => runs.current,
    onAccess: options.onAccess,
    onError: answerError,
    refused: figures.route("any", "refused"),
  });
  return { fetch, request: (path, init) => fetch(new Request(`http://${hostOf(init)}${path}`, init)) };
}

/** The host that `init` names, if a URL can; `localhost` else. */
function hostOf(init: RequestInit = {}): string {
  const host = new Headers(init.headers).get("Host");
  return host !== null && URL.canParse(`http://${host}`) ? host : "localhost";
}
