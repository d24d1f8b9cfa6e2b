/** Measures what the server does now: rates and latencies of the last seconds, and their course over the last minutes. */
import { z } from "@hono/zod-openapi";
import { memoryUsage } from "node:process";
import { Histogram, SECONDS } from "../predict/histogram.ts";
import type { PredictorStatistics } from "../predict/types.ts";
import type { HttpMetrics, RouteMetrics } from "./metrics.ts";

/** Seconds that half, 95 % and 99 % of the requests did not exceed; null without requests. */
const percentiles = z.object({
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
});
type Percentiles = z.infer<typeof percentiles>;

/** The rates per second and the latency of predictions over the ten seconds before `at`, in seconds of the server's clock. */
const point = percentiles.extend({ at: z.number(), requests: z.number(), predictions: z.number() });

export const activitySchema = z.object({
  /** Oldest first, of the times at which clients asked. */
  points: z.array(point),
  /** Requests since the server started, the busiest route first; errors are answers from 400 on. */
  routes: z.array(percentiles.extend({ route: z.string(), requests: z.int(), errors: z.int() })),
  queued: z.int(),
  /** Mean number of sequences in a batch; null before the first. */
  batchSize: z.number().nullable(),
  /** Times that the prediction thread was replaced. */
  restarts: z.int(),
  /** Open event streams, and those that were cut because their clients did not read. */
  streams: z.int(),
  dropped: z.int(),
  memory: z.object({ resident: z.int(), heap: z.int() }),
});
export type Activity = z.infer<typeof activitySchema>;

/** Left out, as those who watch ask for them. */
const WATCHING = /^GET \/(metrics|activity)$/;
const PREDICT = ["POST /predict", "POST /models/{name}/predict"];

/** The time between two scrapes is too short for percentiles. */
const WINDOW_SECONDS = 10;
const LEAST_SECONDS = 1;
const MOST_POINTS = 300;

/** The counts of a time, by route. */
interface Sample {
  readonly at: number;
  readonly requests: number;
  readonly predictions: number;
  readonly buckets: Float64Array;
}

export class ActivityMonitor {
  readonly #metrics: HttpMetrics;
  #samples: Sample[] = [];
  #points: Activity["points"] = [];

  constructor(metrics: HttpMetrics) {
    this.#metrics = metrics;
  }

  /** Returns the activity at `at`, in seconds. */
  read({ queued, batchSizes, restarts }: PredictorStatistics, at: number): Activity {
    const routes = [...this.#metrics.routes].filter(([route]) => !WATCHING.test(route))
      .map(([route, metrics]) => ({ route, metrics, requests: metrics.seconds.count }))
      .filter(({ requests }) => requests > 0);
    const predict = new Histogram(SECONDS);
    for (const { route, metrics } of routes) if (PREDICT.includes(route)) predict.add(metrics.seconds);
    const sample = {
      at,
      requests: routes.reduce((sum, { requests }) => sum + requests, 0),
      predictions: predict.count,
      buckets: predict.buckets,
    };
    if (!(at - (this.#samples.at(-1)?.at ?? -Infinity) < LEAST_SECONDS)) this.#add(sample);
    const { rss, heapUsed } = memoryUsage();
    return {
      points: this.#points,
      routes: routes.toSorted((a, b) => b.requests - a.requests || a.route.localeCompare(b.route))
        .map(({ route, metrics, requests }) => ({
          ...{ route, requests, errors: errorsOf(metrics) },
          ...percentilesOf(metrics.seconds.bounds, metrics.seconds.buckets),
        })),
      queued,
      batchSize: batchSizes.count > 0 ? batchSizes.sum / batchSizes.count : null,
      restarts,
      streams: this.#metrics.streams,
      dropped: this.#metrics.drops.count,
      memory: { resident: rss, heap: heapUsed },
    };
  }

  /** Adds a sample, and the point of the time since the sample of ten seconds ago, or else since the oldest. */
  #add(now: Sample): void {
    const since = this.#samples.findLast(({ at }) => now.at - at >= WINDOW_SECONDS) ?? this.#samples[0];
    this.#samples = [...this.#samples.filter(({ at }) => !since || at >= since.at), now];
    if (!since) return;
    const seconds = now.at - since.at;
    const buckets = now.buckets.map((count, index) => count - (since.buckets[index] ?? 0));
    const added = {
      at: now.at,
      requests: (now.requests - since.requests) / seconds,
      predictions: (now.predictions - since.predictions) / seconds,
      ...percentilesOf(SECONDS, buckets),
    };
    this.#points = [...this.#points, added].slice(-MOST_POINTS);
  }
}

function errorsOf({ byStatus }: RouteMetrics): number {
  return byStatus.entries().reduce((sum, [status, count]) => status >= 400 ? sum + count : sum, 0);
}

function percentilesOf(bounds: readonly number[], buckets: Histogram["buckets"]): Percentiles {
  const [p50 = null, p95 = null, p99 = null] = [0.5, 0.95, 0.99].map((share) => percentile(bounds, buckets, share));
  return { p50, p95, p99 };
}

/**
 * Returns the value that `share` of the observations do not exceed, by linear interpolation within its bucket, and the last
 * bound for one above it, as Prometheus' `histogram_quantile` does; undefined without observations.
 */
export function percentile(
  bounds: readonly number[],
  buckets: ArrayLike<number>,
  share: number,
): number | undefined {
  const counts = Array.from(buckets);
  let wanted = share * counts.reduce((sum, count) => sum + count, 0);
  if (!(wanted > 0)) return undefined;
  for (const [index, bound] of bounds.entries()) {
    const count = counts[index]!;
    const lower = bounds[index - 1] ?? 0;
    if (wanted <= count) return lower + (bound - lower) * wanted / count;
    wanted -= count;
  }
  return bounds.at(-1);
}
