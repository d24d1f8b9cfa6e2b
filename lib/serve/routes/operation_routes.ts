/** What those who run the service ask: whether it lives, whether it is ready, and its figures. */
import { z } from "@hono/zod-openapi";
import { parseAccept } from "hono/utils/accept";
import { memoryUsage } from "node:process";
import { unreadiness } from "./health.ts";
import { type HttpFigures, METRICS_TYPES, type MetricsFormat, MetricsText } from "../metrics.ts";
import { problemAnswer, problemResponse } from "../pipeline/problem.ts";
import { jsonAnswer, type Routes } from "../pipeline/routes.ts";
import type { Services } from "../services.ts";

export interface OperationOptions {
  readonly readyMs: number;
  readonly figures: HttpFigures;
  readonly onError: (error: unknown) => void;
}

export function operationRoutes(
  routes: Routes,
  services: Services,
  { readyMs, figures, onError }: OperationOptions,
): void {
  routes.add(
    {
      method: "get",
      path: "/livez",
      summary: "Whether the process answers",
      responses: { 200: jsonAnswer("It does", z.object({ live: z.literal(true) })) },
    },
    (c) => c.json({ live: true }),
    { open: true },
  );

  routes.add({
    method: "get",
    path: "/readyz",
    summary: "Whether requests should be sent here",
    responses: {
      200: jsonAnswer("They should", z.object({ ready: z.literal(true) })),
      503: problemAnswer("It starts or ends, or its predictor does not answer"),
    },
  }, async (c) => {
    const message = await unreadiness(services, readyMs, onError);
    return message ? problemResponse(503, [{ field: "ready", message }]) : c.json({ ready: true });
  }, { open: true });

  routes.add({
    method: "get",
    path: "/metrics",
    summary: "Figures for a scraper, as Prometheus's text or, for those that ask for it, as OpenMetrics",
    responses: {
      200: {
        description: "The figures",
        content: Object.fromEntries(Object.values(METRICS_TYPES).map((type) => [type, { schema: z.string() }])),
      },
    },
  }, (c) => {
    const format = wantedFormat(c.req.header("Accept") ?? "");
    const headers = { "Content-Type": METRICS_TYPES[format], "Vary": "Accept" };
    return c.body(metricsText(services, figures, format), 200, headers);
  });
}

/** The format that a header `Accept` prefers; nobody is refused. */
function wantedFormat(accept: string): MetricsFormat {
  const quality = (format: MetricsFormat) =>
    Math.max(0, ...parseAccept(accept).filter(({ type }) => type.toLowerCase() === format).map(({ q }) => q));
  const openMetrics = quality("application/openmetrics-text");
  return openMetrics > 0 && openMetrics >= quality("text/plain") ? "application/openmetrics-text" : "text/plain";
}

function metricsText(
  { predictor, training, cluster }: Services,
  figures: HttpFigures,
  format: MetricsFormat,
): string {
  const text = new MetricsText(format);
  figures.write(text);
  const { queued, computing, batchSizes, restarts } = predictor.statistics();
  text.gauge("lockstep_predict_queued_sequences", queued, "Sequences that wait for their batch.");
  text.gauge("lockstep_predict_computing_sequences", computing, "Sequences that are being predicted.");
  text.histogram("lockstep_predict_batch_sequences", batchSizes, "Sequences of a batch that was predicted.");
  text.counter("lockstep_predict_restarts", restarts, "Times that the prediction thread was replaced.");
  const now = training?.();
  if (now) {
    text.gauge("lockstep_training_round", now.round, "Rounds committed.");
    text.gauge("lockstep_training_epoch", now.epoch, "The epoch under way, from 1.");
    text.gauge("lockstep_training_loss", now.loss, "Mean cross-entropy of the newest training batches, in nats.");
    text.gauge("lockstep_training_accuracy", now.accuracy, "Share of the newest training batches classified right.");
    text.gauge("lockstep_training_sequences_per_second", now.sequencesPerSecond, "All workers together.");
    text.counter("lockstep_training_incidents", now.incidents, "Workers lost, and all else that training survived.");
  }
  const dropped = Object.entries(cluster?.()?.dropped ?? {});
  if (dropped.length > 0) {
    text.family("lockstep_cluster_dropped", "counter", "What other machines, or strangers, wrote and was left out.");
    for (const [kind, count] of dropped) text.sample("_total", count, `kind="${kind}"`);
  }
  const { rss, heapUsed } = memoryUsage();
  text.gauge("lockstep_resident_memory_bytes", rss, "Memory of the process.");
  text.gauge("lockstep_heap_bytes", heapUsed, "JavaScript objects of the main thread.");
  return text.end();
}
