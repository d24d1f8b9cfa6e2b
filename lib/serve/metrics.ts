/** Counts of what was asked and answered, and their text for a scraper: Prometheus's own, or OpenMetrics 1.0. */
import { Histogram } from "../predict/histogram.ts";
import { Drops } from "./drops.ts";

/** Why the server closed a connection: no request, no room for it, half a body, or an answer that was not taken. */
export type CloseReason = "idle" | "full" | "body" | "stalled";

/** Upper bounds in seconds, of a prediction's and of a large list's time alike. */
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** The two formats: what a scraper asks for by `Accept`, and the type of the answer. Who asks for neither gets the first. */
export const METRICS_TYPES = {
  "text/plain": "text/plain; version=0.0.4; charset=utf-8",
  "application/openmetrics-text": "application/openmetrics-text; version=1.0.0; charset=utf-8",
} as const;

export type MetricsFormat = keyof typeof METRICS_TYPES;

/** Answers of one route. */
export class RouteFigures {
  readonly byStatus = new Map<number, number>();
  readonly seconds = new Histogram(BOUNDS);

  observe(status: number, seconds: number): void {
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    this.seconds.observe(seconds);
  }
}

export class HttpFigures {
  readonly #routes = new Map<string, RouteFigures>();
  /** Connections that are open, those that the server closed by why, and how often it could not take one. */
  connections = 0;
  readonly closed = new Map<CloseReason, number>();
  acceptFailures = 0;
  /** Event streams that are open. */
  streams = 0;
  /** Clients of streams that were cut because they did not read. */
  readonly drops = new Drops();

  /** The figures of `path` as it is declared, such as `/runs/{id}`, asked with `method`. */
  route(method: string, path: string): RouteFigures {
    const key = `method="${method}",route="${path}"`;
    const figures = this.#routes.get(key) ?? new RouteFigures();
    this.#routes.set(key, figures);
    return figures;
  }

  write(text: MetricsText): void {
    text.family("lockstep_http_requests", "counter", "Requests by route and status.");
    for (const [labels, { byStatus }] of this.#routes) {
      for (const [status, count] of byStatus) text.sample("_total", count, `${labels},status="${status}"`);
    }
    text.family("lockstep_http_request_seconds", "histogram", "Time to answer, by route.");
    for (const [labels, { seconds, byStatus }] of this.#routes) if (byStatus.size > 0) text.buckets(seconds, labels);
    text.gauge("lockstep_http_connections", this.connections, "Connections that are open.");
    text.family("lockstep_http_connections_closed", "counter", "Connections that the server closed, by why.");
    for (const [reason, count] of this.closed) text.sample("_total", count, `reason="${reason}"`);
    text.counter("lockstep_http_accept_failures", this.acceptFailures, "Connections that the system could not open.");
    text.family("lockstep_event_streams", "gauge", "Event streams that are open.");
    text.sample("", this.streams);
    text.counter("lockstep_event_streams_dropped", this.drops.count, "Streams cut because their clients did not read.");
  }
}

/** Builds the text: families, each with its samples. */
export class MetricsText {
  readonly #format: MetricsFormat;
  #text = "";
  #family = "";

  constructor(format: MetricsFormat) {
    this.#format = format;
  }

  family(name: string, type: "counter" | "gauge" | "histogram", help: string): void {
    this.#family = name;
    // In Prometheus's own format a counter is called as its sample is.
    const called = type === "counter" && this.#format === "text/plain" ? `${name}_total` : name;
    this.#text += `# TYPE ${called} ${type}\n# HELP ${called} ${help}\n`;
  }

  /** `suffix` as its type wants: `_total` for a counter, none for a gauge. */
  sample(suffix: string, value: number, labels = ""): void {
    this.#text += `${this.#family}${suffix}${labels && `{${labels}}`} ${number(value)}\n`;
  }

  /** A family with one sample. */
  gauge(name: string, value: number, help: string): void {
    this.family(name, "gauge", help);
    this.sample("", value);
  }

  histogram(name: string, values: Histogram, help: string): void {
    this.family(name, "histogram", help);
    this.buckets(values);
  }

  /** The samples of one histogram. */
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
