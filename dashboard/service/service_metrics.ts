/** Computes rates and percentiles between two scrapes of `/metrics`. No DOM. */
import { type Metrics, type Sample, valueOf } from "./open_metrics.ts";

export interface Scrape {
  /** Time in seconds, from any origin. */
  readonly at: number;
  readonly metrics: Metrics;
}

/** Latencies in seconds; undefined without requests, Infinity above the last bound. */
interface Percentiles {
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
}

interface RouteMetrics extends Percentiles {
  /** Method and path, such as `POST /predict`. */
  readonly route: string;
  readonly requests: number;
  readonly perSecond: number;
  /** Number of answers with status 400 and above. */
  readonly errors: number;
}

/** Left out, since the page itself requests it. */
const OWN_ROUTE = "/metrics";

const REQUESTS = "lockstep_http_requests_total";
const BUCKETS = "lockstep_http_request_seconds_bucket";

/** Returns the metrics of each route from `before` to `now`, the busiest first; without `before`, since the start. */
export function routesBetween(now: Scrape, before?: Scrape): RouteMetrics[] {
  const seconds = before ? now.at - before.at : 0;
  const routes = new Map<string, { requests: number; errors: number; buckets: Map<number, number> }>();
  const routeOf = ({ labels }: Sample) => {
    const name = `${labels["method"]} ${labels["route"]}`;
    const found = routes.get(name) ?? { requests: 0, errors: 0, buckets: new Map<number, number>() };
    routes.set(name, found);
    return found;
  };
  for (const [scrape, sign] of [[now, 1], [before, -1]] as const) {
    for (const sample of scrape?.metrics.get(REQUESTS) ?? []) {
      if (sample.labels["route"] === OWN_ROUTE) continue;
      const route = routeOf(sample);
      route.requests += sign * sample.value;
      if (Number(sample.labels["status"]) >= 400) route.errors += sign * sample.value;
    }
    for (const sample of scrape?.metrics.get(BUCKETS) ?? []) {
      if (sample.labels["route"] === OWN_ROUTE) continue;
      const { buckets } = routeOf(sample);
      const bound = sample.labels["le"] === "+Inf" ? Infinity : Number(sample.labels["le"]);
      buckets.set(bound, (buckets.get(bound) ?? 0) + sign * sample.value);
    }
  }
  return [...routes].map(([route, { requests, errors, buckets }]) => ({
    route,
    requests,
    errors,
    perSecond: seconds > 0 ? requests / seconds : NaN,
    ...percentilesOf(buckets),
  })).sort((a, b) => b.requests - a.requests || a.route.localeCompare(b.route));
}

function percentilesOf(buckets: ReadonlyMap<number, number>): Percentiles {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(buckets, share));
  return { p50, p95, p99 };
}

/**
 * Returns the value that `share` of the observations do not exceed, by linear interpolation within its bucket, as
 * Prometheus' `histogram_quantile` does. `buckets` maps each bound to the number of observations up to it.
 */
export function percentile(buckets: ReadonlyMap<number, number>, share: number): number | undefined {
  const bounds = [...buckets].sort(([a], [b]) => a - b);
  const total = bounds.at(-1)?.[1] ?? 0;
  if (total <= 0) return undefined;
  const wanted = share * total;
  let lower = 0;
  let below = 0;
  for (const [bound, count] of bounds) {
    if (count >= wanted && count > below) {
      return bound === Infinity ? Infinity : lower + (bound - lower) * (wanted - below) / (count - below);
    }
    lower = bound;
    below = count;
  }
  return Infinity;
}

/** Returns the mean number of sequences per batch between two scrapes; undefined without a batch. */
export function batchSize(now: Scrape, before?: Scrape): number | undefined {
  const of = (name: string) => (valueOf(now.metrics, name) ?? 0) - (before ? valueOf(before.metrics, name) ?? 0 : 0);
  const batches = of("lockstep_predict_batch_sequences_count");
  return batches > 0 ? of("lockstep_predict_batch_sequences_sum") / batches : undefined;
}

/** Returns the newest scrape of `history` (oldest first) at least `seconds` older than `at`, or else the oldest. */
export function earlier(history: readonly Scrape[], at: number, seconds: number): Scrape | undefined {
  return history.findLast((scrape) => at - scrape.at >= seconds) ?? history[0];
}

/** Covers ten minutes. */
const MOST_SCRAPES = 300;

/** Length of the window of current metrics: the time between two scrapes is too short for percentiles. */
const WINDOW_SECONDS = 10;

const PREDICT = "POST /predict";

interface Point {
  readonly at: number;
  /** Requests per second: all, and predictions. */
  readonly all: number;
  readonly predictions: number;
  /** Latencies of predictions in milliseconds; NaN if unknown. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Keeps the scrapes of one server process, and a point per scrape except the first. */
export class ServiceHistory {
  readonly points: Point[] = [];
  now: Scrape | undefined;
  /** The scrape that current metrics are compared with. */
  since: Scrape | undefined;
  #scrapes: Scrape[] = [];

  get batchSize(): number | undefined {
    return this.now && (batchSize(this.now, this.since) ?? batchSize(this.now));
  }

  add(now: Scrape): void {
    const before = earlier(this.#scrapes, now.at, WINDOW_SECONDS);
    // Counters that decreased are those of a new process.
    const isNew = before !== undefined && total(now) < total(before);
    if (isNew) this.#scrapes = [];
    this.since = isNew ? undefined : before;
    this.now = now;
    this.#scrapes = [...this.#scrapes, now].slice(-MOST_SCRAPES);
    if (!this.since) return;
    const routes = routesBetween(now, this.since);
    const all = routes.reduce((sum, { perSecond }) => sum + perSecond, 0);
    const { perSecond = 0, p50, p95, p99 } = routes.find(({ route }) => route === PREDICT) ?? {};
    const ms = (seconds = NaN) => Number.isFinite(seconds) ? 1000 * seconds : NaN;
    this.points.push({ at: now.at, all, predictions: perSecond, p50: ms(p50), p95: ms(p95), p99: ms(p99) });
    if (this.points.length > MOST_SCRAPES) this.points.shift();
  }
}

function total(scrape: Scrape): number {
  return routesBetween(scrape).reduce((sum, { requests }) => sum + requests, 0);
}
