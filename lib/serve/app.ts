/** The HTTP interface: dashboard, events, runs, predictions and health, over the services it is given. */
import { Hono } from "hono";
import { etag } from "hono/etag";
import { describe } from "../data/sequences.ts";
import { InputError } from "../errors.ts";
import { readJson } from "./body.ts";
import { type AllowedHosts, checkHost, checkOrigin, LOOPBACK_HOSTS } from "./guard.ts";
import { unreadiness } from "./health.ts";
import { parsePredict, predictionBody } from "./predict.ts";
import { problemResponse, Refusal } from "./problem.ts";
import { eventsResponse } from "./run_events.ts";
import { RUN_ACTIONS, type RunAction, type RunDetail } from "../run/types.ts";
import type { Services } from "./services.ts";

export interface AppOptions {
  /** Silence on an event stream after which a comment is sent; 15 s. */
  readonly heartbeatMs?: number;
  /** Of a request; 1 MiB. */
  readonly bodyLimitBytes?: number;
  /** Sequences of one prediction; 1024. */
  readonly maxInstances?: number;
  /** Names that the server is asked by; the loopback names. See `allowedHostsFor`. */
  readonly allowedHosts?: AllowedHosts;
  /** How long the model may take to show that it is ready; 2 s. */
  readonly readyMs?: number;
  /** Ends all event streams when it aborts; those opened later end at once. */
  readonly shutdown?: AbortSignal;
  /** Told of what was not expected; the client sees a 500 without details. */
  readonly onError?: (error: unknown) => void;
}

const SECURITY_HEADERS = {
  "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
} as const;

/** What a run has to be for an action. */
const STATES_FOR: Readonly<Record<RunAction, string>> = {
  pause: "running",
  resume: "paused",
  stop: "running or paused",
};

/** The app is all of HTTP but the socket: `app.request(path)` answers without one. */
export function createApp(services: Services, options: AppOptions = {}): Hono {
  const { runs, predictor, assets } = services;
  const { bodyLimitBytes = 2 ** 20, maxInstances = 1024, allowedHosts = LOOPBACK_HOSTS, readyMs = 2000 } = options;
  const onError = options.onError ?? (() => {});
  const sse = {
    heartbeatMs: options.heartbeatMs ?? 15_000,
    shutdown: options.shutdown ?? new AbortController().signal,
    onError,
  };

  async function findRun(id: string): Promise<RunDetail> {
    // Names of files are not asked for what cannot be one's name.
    const run = /^[\w-][\w.-]{0,199}$/.test(id) ? await runs.get(id) : undefined;
    if (run) return run;
    throw new Refusal(404, {
      field: "id",
      message: `there is no run ${describe(id)}: GET /runs lists those there are`,
    });
  }

  const app = new Hono();

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.res.headers.set(name, value);
    if (!c.res.headers.has("Cache-Control")) c.res.headers.set("Cache-Control", "no-store");
  });

  app.use(async (c, next) => {
    checkHost(c.req.raw, allowedHosts);
    checkOrigin(c.req.raw);
    await next();
  });

  for (const [path, { body, type }] of assets) {
    app.get(path, etag(), (c) => c.body(body, 200, { "Content-Type": type, "Cache-Control": "no-cache" }));
  }

  app.get("/events", async (c) => eventsResponse(c.req.raw, await findRun(runs.current), runs, sse));
  app.get("/runs", async (c) => c.json({ current: runs.current, runs: await runs.list() }));
  app.get("/runs/:id", async (c) => c.json(await findRun(c.req.param("id"))));
  app.get("/runs/:id/events", async (c) => eventsResponse(c.req.raw, await findRun(c.req.param("id")), runs, sse));

  for (const action of RUN_ACTIONS) {
    app.post(`/runs/:id/${action}`, async (c) => {
      const { id, state } = await findRun(c.req.param("id"));
      if (runs.act(id, action)) return c.json(await findRun(id), 202);
      const message = `run ${id} is ${state}, and cannot ${action}: expected one that is ${STATES_FOR[action]} here`;
      return problemResponse(409, [{ field: "id", message }]);
    });
  }

  app.get("/model", async (c) => c.json(await predictor.model()));
  app.post("/predict", async (c) => {
    const body = await readJson(c.req.raw, bodyLimitBytes);
    const request = parsePredict(body, await predictor.model(), maxInstances);
    return c.json(predictionBody(await predictor.predict(request.sequences), request));
  });

  app.get("/livez", (c) => c.json({ live: true }));
  app.get("/readyz", async (c) => {
    const message = await unreadiness(services, readyMs, onError);
    return message ? problemResponse(503, [{ field: "ready", message }]) : c.json({ ready: true });
  });

  // Last of all: what comes here for a path that exists came with another method.
  const paths = Map.groupBy(app.routes.filter(({ method }) => method !== "ALL"), ({ path }) => path);
  for (const [path, routes] of paths) {
    const methods = [...new Set(routes.flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method]))];
    const allow = methods.join(", ");
    app.all(path, (c) => {
      const message = `${c.req.method} ${c.req.path} is not possible: expected ${allow}`;
      return problemResponse(405, [{ field: "method", message }], { Allow: allow });
    });
  }

  app.notFound((c) =>
    problemResponse(404, [{ field: "path", message: `there is nothing at ${describe(c.req.path)}` }])
  );

  app.onError((error) => {
    if (error instanceof Refusal) return problemResponse(error.status, [error.problem]);
    if (error instanceof InputError) return problemResponse(400, error.problems);
    onError(error);
    return problemResponse(500, []);
  });

  return app;
}
