/**
 * The HTTP interface: dashboard, events, runs, predictions and operations, over the services that it is given. It opens
 * no socket (http/server.ts does), and trains and computes nothing. Start here for the routes (each in routes/), and in
 * pipeline/shell.ts for the checks around every request.
 */
import { counted } from "../base/counted.ts";
import { describe, shortened } from "../base/printable.ts";
import { exampleRoutes } from "./routes/example_routes.ts";
import { fileRoutes } from "./routes/file_routes.ts";
import { inferenceRoutes } from "./routes/inference_routes.ts";
import { modelRoutes } from "./routes/model_routes.ts";
import { labelRoutes } from "./routes/label_routes.ts";
import { operationRoutes } from "./routes/operation_routes.ts";
import { pageRoutes } from "./routes/page_routes.ts";
import { predictRoutes } from "./routes/predict_routes.ts";
import { problemResponse } from "./pipeline/problem.ts";
import { runRoutes } from "./routes/run_routes.ts";
import { type App, type AppOptions, createShell } from "./pipeline/shell.ts";
import { startRoutes } from "./routes/start_routes.ts";
import type { PredictionServices, Services } from "./services.ts";
import project from "../../deno.json" with { type: "json" };

/** Creates the app of a process; without runs it has no routes of runs and events. */
export function createApp(services: Services | PredictionServices, options: AppOptions = {}): App {
  const { models, assets } = services;
  const { bodyLimitBytes = 2 ** 20, maxInstances = 1024, readyMs = 2000 } = options;
  const { routes, metrics, onError, app } = createShell(
    options,
    () => "runs" in services ? services.runs.current : models.first.run,
  );

  pageRoutes(routes, assets);
  if ("runs" in services) {
    fileRoutes(routes, services);
    startRoutes(routes, services, bodyLimitBytes);
    labelRoutes(routes, services, bodyLimitBytes);
    runRoutes(routes, services, {
      heartbeatMs: options.heartbeatMs ?? 15_000,
      stallMs: options.stallMs ?? 30_000,
      drops: metrics.drops,
      shutdown: options.shutdown ?? new AbortController().signal,
      onError,
      metrics,
    });
  }
  const limits = { bodyLimitBytes, maxInstances };
  const operation = { readyMs, metrics, onError };
  predictRoutes(routes, services, limits);
  exampleRoutes(routes, services, bodyLimitBytes);
  modelRoutes(routes, services, { bodyLimitBytes, readyMs });
  inferenceRoutes(routes, services, { ...limits, ...operation, version: project.version });
  operationRoutes(routes, services, operation);
  // Generated at the first request after a change of the models, as this takes longer than the rest of the function.
  let document: { readonly revision: number; readonly text: string } | undefined;
  routes.plain("get", "/openapi.json", (c) => {
    const { revision } = models;
    if (document?.revision !== revision) {
      document = {
        revision,
        text: JSON.stringify(routes.document(project.version, options.publicAddress?.url ?? ".")),
      };
    }
    return c.body(document.text, 200, { "Content-Type": "application/json" });
  });

  routes.otherwise((method, path, allowed, meant) => {
    if (allowed.length === 0) {
      const hint = meant === undefined
        ? "GET /docs lists them"
        : `did you mean ${describe(meant)}? GET /docs lists all`;
      return problemResponse(404, [{ field: "path", message: `No route for ${describe(path)}: ${hint}` }]);
    }
    const allow = allowed.join(", ");
    const message = `Method ${method} not allowed for ${shortened(path)}: use ${allow}. GET /docs describes each route`;
    return problemResponse(405, [{ field: "method", message }], { Allow: allow });
  });

  return app;
}

/**
 * Answers while the run is being prepared: the page waits, the process is alive, and every other route asks to retry, with
 * the number of rows that were read so far.
 */
export function createWaitingApp(
  options: AppOptions,
  assets: Services["assets"] = new Map(),
  rowsRead: () => number = () => 0,
): App {
  const { routes, app } = createShell(options, () => "");
  pageRoutes(routes, assets);
  const waiting = () => {
    const rows = rowsRead();
    const progress = rows === 0 ? "the run is being prepared" : `${counted(rows, "row")} of its data read`;
    return problemResponse(503, [{ field: "ready", message: `${progress}: retry` }], { "Retry-After": "1" });
  };
  for (const path of ["/livez", "/v2/health/live"]) {
    routes.plain("get", path, (c) => c.json({ live: true }), { open: true });
  }
  for (const path of ["/readyz", "/v2/health/ready"]) routes.plain("get", path, waiting, { open: true });
  routes.plain("get", "/model", waiting, { forLabelling: true });
  routes.otherwise(waiting);
  return app;
}
