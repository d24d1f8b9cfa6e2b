/** Routes for operations: liveness, readiness and metrics. */
import { z } from "@hono/zod-openapi";
import { parseAccept } from "hono/utils/accept";
import { memoryUsage } from "node:process";
import { ActivityMonitor, activitySchema } from "../activity.ts";
import { errorMessage } from "../../base/errors.ts";
import { within } from "../../base/waiting.ts";
import { type HttpMetrics, METRICS_TYPES, type MetricsFormat, MetricsText } from "../metrics.ts";
import { problemAnswer, problemResponse } from "../pipeline/problem.ts";
import { jsonAnswer, type Routes } from "../pipeline/routes.ts";
import type { Predictor } from "../../predict/types.ts";
import type { PredictionServices } from "../services.ts";

export interface OperationOptions {
  readonly readyMs: number;
  readonly metrics: HttpMetrics;
  readonly onError: (error: unknown) => void;
}

export function operationRoutes(
  routes: Routes,
  services: PredictionServices,
  { readyMs, metrics, onError }: OperationOptions,
): void {
  routes.add(
    {
      method: "get",
      path: "/livez",
      summary: "Liveness of the process",
      responses: { 200: jsonAnswer("The process is alive", z.object({ live: z.literal(true) })) },
    },
    (c) => c.json({ live: true }),
    { open: true },
  );

  routes.add({
    method: "get",
    path: "/readyz",
    summary: "Readiness for requests",
    responses: {
      200: jsonAnswer("Ready for requests", z.object({ ready: z.literal(true) })),
      503: problemAnswer("The process is starting or ending, or its predictor does not answer"),
    },
  }, async (c) => {
    const message = await unreadiness(services, readyMs, onError);
    return message ? problemResponse(503, [{ field: "ready", message }]) : c.json({ ready: true });
  }, { open: true });

  routes.add({
    method: "get",
    path: "/metrics",
    summary: "Metrics as Prometheus text, or as OpenMetrics if `Accept` prefers it",
    responses: {
      200: {
        description: "The metrics",
        content: Object.fromEntries(Object.values(METRICS_TYPES).map((type) => [type, { schema: z.string() }])),
      },
    },
  }, (c) => {
    const format = wantedFormat(c.req.header("Accept") ?? "");
    const headers = { "Content-Type": METRICS_TYPES[format], "Vary": "Accept" };
    return c.body(metricsText(services, metrics, format), 200, headers);
  });

  const monitor = new ActivityMonitor(metrics);
  routes.add({
    method: "get",
    path: "/activity",
    summary: "Rates and latencies of the last ten seconds, their course while clients ask, and counts of all routes",
    responses: { 200: jsonAnswer("The activity of this server", activitySchema) },
  }, (c) => c.json(monitor.read(services.models.statistics(), performance.now() / 1000)));
}

/** Returns the format that a header `Accept` prefers; the default for all others. */
function wantedFormat(accept: string): MetricsFormat {
  const quality = (format: MetricsFormat) =>
    Math.max(0, ...parseAccept(accept).filter(({ type }) => type.toLowerCase() === format).map(({ q }) => q));
  const openMetrics = quality("application/openmetrics-text");
  return openMetrics > 0 && openMetrics >= quality("text/plain") ? "application/openmetrics-text" : "text/plain";
}

function metricsText(
  { models, training, cluster }: PredictionServices,
  metrics: HttpMetrics,
  format: MetricsFormat,
): string {
  const text = new MetricsText(format);
  metrics.write(text);
  const { engine, queued, computing, batchSizes, restarts } = models.statistics();
  const [name, kernels = ""] = engine.split("/");
  text.family("lockstep_engine_info", "gauge", "The engine of training and predictions, and its kernels or backend.");
  text.sample("", 1, `engine="${name}",kernels="${kernels}"`);
  text.gauge("lockstep_predict_queued_sequences", queued, "Sequences that wait for a batch.");
  text.gauge("lockstep_predict_computing_sequences", computing, "Sequences that are being predicted.");
  text.histogram("lockstep_predict_batch_sequences", batchSizes, "Sequences per predicted batch.");
  text.counter("lockstep_predict_restarts", restarts, "Times that the prediction thread was replaced.");
  const canaries = models.listed.map(({ canary }) => canary?.model);
  const labelled = models.all.map((model) => {
    const { name, run, digest = "", seconds, failures } = model;
    // A canary may be of the same run.
    const role = canaries.includes(model) ? "canary" : "model";
    return { labels: `model="${name}",role="${role}",run="${run}",digest="${digest}"`, seconds, failures };
  });
  text.family("lockstep_model_predict_seconds", "histogram", "Time in the queue and to compute, by model.");
  for (const { labels, seconds } of labelled) text.buckets(seconds, labels);
  text.family("lockstep_model_failures", "counter", "Requests that a model could not answer: full queue, lost thread.");
  for (const { labels, failures } of labelled) text.sample("_total", failures, labels);
  const now = training?.();
  if (now) {
    text.gauge("lockstep_training_round", now.round, "Rounds committed.");
    text.gauge("lockstep_training_epoch", now.epoch, "The current epoch, from 1.");
    text.gauge("lockstep_training_loss", now.loss, "Mean cross-entropy of the newest training batches, in nats.");
    text.gauge("lockstep_training_accuracy", now.accuracy, "Accuracy on the newest training batches.");
    text.gauge(
      "lockstep_training_sequences_per_second",
      now.sequencesPerSecond,
      "Training speed of all workers together.",
    );
    text.counter(
      "lockstep_training_incidents",
      now.incidents,
      "Lost workers and other failures that training survived.",
    );
  }
  const dropped = Object.entries(cluster?.()?.dropped ?? {});
  if (dropped.length > 0) {
    text.family("lockstep_cluster_dropped", "counter", "Invalid messages of other machines or strangers.");
    for (const [kind, count] of dropped) text.sample("_total", count, `kind="${kind}"`);
  }
  const { rss, heapUsed } = memoryUsage();
  text.gauge("lockstep_resident_memory_bytes", rss, "Memory of the process.");
  text.gauge("lockstep_heap_bytes", heapUsed, "JavaScript objects of the main thread.");
  return text.end();
}

/** The reason of a process that is starting or ending. */
export const ENDING = "not ready: the server is starting or ending";

/** Returns why the process is not ready; undefined if it is not ending and each model answers within `deadlineMs`. */
export async function unreadiness(
  { models, ready }: PredictionServices,
  deadlineMs: number,
  onError: (error: unknown) => void,
): Promise<string | undefined> {
  if (!ready()) return ENDING;
  const { listed } = models;
  const reasons = await Promise.all(
    listed.map(({ model: { predictor } }) => modelUnreadiness(predictor, deadlineMs, onError)),
  );
  const at = reasons.findIndex((reason) => reason !== undefined);
  return at >= 0 && listed.length > 1 ? `model ${listed[at]!.model.name} is ${reasons[at]}` : reasons[at];
}

/** Returns why a model is not ready; undefined if it answers within `deadlineMs`. */
export async function modelUnreadiness(
  predictor: Predictor,
  deadlineMs: number,
  onError: (error: unknown) => void,
): Promise<string | undefined> {
  const model = predictor.model().then(() => undefined, (error) => {
    onError(error);
    return `not ready: the model does not answer: ${errorMessage(error)}`;
  });
  return await within(deadlineMs, model, `not ready: the model did not answer within ${deadlineMs} ms`);
}
