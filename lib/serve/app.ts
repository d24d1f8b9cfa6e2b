/** The HTTP interface: dashboard, events, runs, predictions and operations, over the services it is given. */
import { describe } from "../data/sequences.ts";
import { docsAssets } from "./docs_page.ts";
import type { AccessRecord, Fetch } from "./front.ts";
import { clusterRoutes } from "./cluster_routes.ts";
import type { AllowedHosts } from "./guard.ts";
import { inferenceRoutes } from "./inference_routes.ts";
import type { HttpFigures } from "./metrics.ts";
import { operationRoutes } from "./operation_routes.ts";
import { pageRoutes } from "./pages.ts";
import { predictRoutes } from "./predict_routes.ts";
import type { PublicAddress } from "./public_address.ts";
import { problemResponse } from "./problem.ts";
import { runRoutes } from "./run_routes.ts";
import { createShell } from "./shell.ts";
import { shortened } from "../printable.ts";
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

export function createApp(services: Services, options: AppOptions = {}): App {
  const { runs, assets } = services;
  const { bodyLimitBytes = 2 ** 20, maxInstances = 1024, readyMs = 2000 } = options;
  const { routes, figures, onError, app } = createShell(options, () => runs.current);

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
  const document = JSON.stringify(routes.document(project.version, options.publicAddress?.url ?? "."));
  routes.plain("get", "/openapi.json", (c) => c.body(document, 200, { "Content-Type": "application/json" }));

  routes.otherwise((method, path, allowed) => {
    if (allowed.length === 0) {
      return problemResponse(404, [{ field: "path", message: `there is nothing at ${describe(path)}` }]);
    }
    const allow = allowed.join(", ");
    const message = `${method} ${shortened(path)} is not possible: expected ${allow}. GET /docs says what it takes`;
    return problemResponse(405, [{ field: "method", message }], { Allow: allow });
  });

  return app;
}

/** Answers until there is a run: the process lives, and nothing else is there for anybody yet. */
export function createWaitingApp(options: AppOptions): App {
  const { routes, app } = createShell(options, () => "");
  const waiting = () =>
    problemResponse(503, [{ field: "ready", message: "the run is being prepared" }], { "Retry-After": "1" });
  for (const path of ["/livez", "/v2/health/live"]) {
    routes.plain("get", path, (c) => c.json({ live: true }), { open: true });
  }
  for (const path of ["/readyz", "/v2/health/ready"]) routes.plain("get", path, waiting, { open: true });
  routes.otherwise(waiting);
  return app;
}
