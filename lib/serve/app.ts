/** The HTTP interface: dashboard, events, runs, predictions and operations, over the services it is given. */
import { describe } from "../data/batches/check_tokens.ts";
import { docsAssets } from "./routes/docs_page.ts";
import { clusterRoutes } from "./routes/cluster_routes.ts";
import { inferenceRoutes } from "./routes/inference_routes.ts";
import { operationRoutes } from "./routes/operation_routes.ts";
import { pageRoutes } from "./routes/page_routes.ts";
import { predictRoutes } from "./routes/predict_routes.ts";
import { problemResponse } from "./pipeline/problem.ts";
import { runRoutes } from "./routes/run_routes.ts";
import { type App, type AppOptions, createShell } from "./pipeline/shell.ts";
import { shortened } from "../base/printable.ts";
import { startRoutes } from "./routes/start_routes.ts";
import type { Services } from "./services.ts";
import project from "../../deno.json" with { type: "json" };

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
