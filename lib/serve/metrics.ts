/**
 * Counts requests, answers, connections and dropped clients, and writes the counts as text for Prometheus or OpenMetrics
 * 1.0.
 */
import { Histogram, SECONDS } from "../predict/histogram.ts";

/** Reasons for which the server closes a connection: no request, no room, an incomplete body, an answer not read. */
export type CloseReason = "idle" | "full" | "body" | "stalled";

/** The two formats: the media type in `Accept`, and the type of the answer. The first is the default. */
export const METRICS_TYPES = {
  "text/plain": "text/plain; version=0.0.4; charset=utf-8",
  "application/openmetrics-text": "application/openmetrics-text; version=1.0.0; charset=utf-8",
} as const;

export type MetricsFormat = keyof typeof METRICS_TYPES;

/** Counts the answers of one route. */
export class RouteMetrics {
  readonly byStatus = new Map<number, number>();
  readonly seconds = new Histogram(SECONDS);

  observe(status: number, seconds: number): void {
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    this.seconds.observe(seconds);
  }
}

export class HttpMetrics {
  /** By method and path as declared, such as `GET /runs/{id}`. */
  readonly routes = new Map<string, RouteMetrics>();
  /** Open connections, those that the server closed by reason, and failures to accept one. */
  connections = 0;
  readonly closed = new Map<CloseReason, number>();
  acceptFailures = 0;
  /** Open event streams. */
  streams = 0;
  /** Clients whose stream was cut because they did not read it. */
  readonly drops = new Drops();

  /** Returns the metrics of `method` on `path` as declared, such as `/runs/{id}`. */
  route(method: string, path: string): RouteMetrics {
    const key = `${method} ${path}`;
    const metrics = this.routes.get(key) ?? new RouteMetrics();
    this.routes.set(key, metrics);
    return metrics;
  }

  write(text: MetricsText): void {
    text.family("lockstep_http_requests", "counter", "Requests by route and status.");
    const routes = [...this.routes].map(([route, metrics]) => ({ labels: labelsOf(route), ...metrics }));
    for (const { labels, byStatus } of routes) {
      for (const [status, count] of byStatus) text.sample("_total", count, `${labels},status="${status}"`);
    }
    text.family("lockstep_http_request_seconds", "histogram", "Time to answer, by route.");
    for (const { labels, seconds, byStatus } of routes) if (byStatus.size > 0) text.buckets(seconds, labels);
    text.gauge("lockstep_http_connections", this.connections, "Open connections.");
    text.family("lockstep_http_connections_closed", "counter", "Connections that the server closed, by reason.");
    for (const [reason, count] of this.closed) text.sample("_total", count, `reason="${reason}"`);
    text.counter("lockstep_http_accept_failures", this.acceptFailures, "Connections that the system could not accept.");
    text.family("lockstep_event_streams", "gauge", "Open event streams.");
    text.sample("", this.streams);
    text.counter("lockstep_event_streams_dropped", this.drops.count, "Streams cut because their clients did not read.");
  }
}

function labelsOf(route: string): string {
  const [method, path] = route.split(" ");
  return `method="${method}",route="${path}"`;
}

/** Builds the text: metric families, each with its samples. */
export class MetricsText {
  readonly #format: MetricsFormat;
  #text = "";
  #family = "";

  constructor(format: MetricsFormat) {
    this.#format = format;
  }

  family(name: string, type: "counter" | "gauge" | "histogram", help: string): void {
    this.#family = name;
    // In Prometheus's own format a counter has the name of its sample.
    const called = type === "counter" && this.#format === "text/plain" ? `${name}_total` : name;
    this.#text += `# TYPE ${called} ${type}\n# HELP ${called} ${help}\n`;
  }

  /** Adds a sample; `suffix` depends on the type: `_total` for a counter, none for a gauge. */
  sample(suffix: string, value: number, labels = ""): void {
    this.#text += `${this.#family}${suffix}${labels && `{${labels}}`} ${number(value)}\n`;
  }

  /** Adds a family with one sample. */
  gauge(name: string, value: number, help: string): void {
    this.family(name, "gauge", help);
    this.sample("", value);
  }

  histogram(name: string, values: Histogram, help: string): void {
    this.family(name, "histogram", help);
    this.buckets(values);
  }

  /** Adds the samples of one histogram. */
  buckets({ bounds, buckets, sum }: Histogram, labels = ""): void {
    let below = 0;
    for (const [index, count] of buckets.entries()) {
      below += count;
      const bound = bounds[index];
      this.sample("_bucket", below, `${labels && `${labels},`}le="${bound === undefined ? "+Inf" : number(bound)}"`);
    }
    this.sample("_sum", sum, labels);
    this.sample("_count", below, labels);
  }

  counter(name: string, value: number, help: string): void {
    this.family(name, "counter", help);
    this.sample("_total", value);
  }

  end(): string {
    return this.#format === "text/plain" ? this.#text : `${this.#text}# EOF\n`;
  }
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

/** A client that was dropped because it did not read. */
interface Drop {
  /** Address of the client. */
  readonly client: string;
  readonly run: string;
  /** The stream began after event `from`, and `to` was the last event sent: the client has the events up to one of them. */
  readonly from: number;
  readonly to: number;
  /** ISO 8601. */
  readonly at: string;
}

/** Limit of remembered drops; the oldest is forgotten. */
const MOST_DROPS = 1000;

/** Remembers dropped clients until they reconnect, when they get a notice. */
export class Drops {
  readonly #drops = new Set<Drop>();
  /** Since the server started. */
  count = 0;

  add(drop: Drop): void {
    this.count++;
    this.#drops.add(drop);
    if (this.#drops.size > MOST_DROPS) this.#drops.delete(this.#drops.values().next().value!);
  }

  /** Removes and returns the drop of a client at this address that has the events of `run` up to `lastId`. */
  take(client: string, run: string, lastId: number): Drop | undefined {
    for (const drop of this.#drops) {
      if (drop.client !== client || drop.run !== run || lastId < drop.from || lastId > drop.to) continue;
      this.#drops.delete(drop);
      return drop;
    }
    return undefined;
  }
}

/** Formats the notice for the stream; without an id, as it is not in the run's log. */
export function dropFrame({ run, to, at }: Drop): string {
  const message = "the stream was cut because the client read nothing for too long";
  return `event: dropped\ndata: ${JSON.stringify({ type: "dropped", run, at, sent: to, message })}\n\n`;
}
