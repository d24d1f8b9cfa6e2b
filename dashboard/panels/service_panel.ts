/// <reference lib="dom" />
/** Shows requests, latencies, queue, event streams and memory of the server, read from `/metrics` while it is visible. */
import { messageOf, metricsText } from "../api.ts";
import { Chart, type ChartSpec } from "../charts/chart.ts";
import { byId, setText, tableRow } from "../page/dom.ts";
import { bytes, compact, count, latency, percent, rate } from "../state/format.ts";
import { type Metrics, parseMetrics, valueOf } from "../state/open_metrics.ts";
import { batchSize, earlier, routesBetween, type Scrape } from "../state/service_metrics.ts";

const SCRAPE_MS = 2000;

/** Covers ten minutes. */
const MOST_SCRAPES = 300;

/** Length of the window of current metrics: the time between two scrapes is too short for percentiles. */
const WINDOW_SECONDS = 10;

const PREDICT = "POST /predict";

const SHARED = { axis: "while this view is open", group: "service" } as const;
const RATE: ChartSpec = {
  ...SHARED,
  unit: "requests/s",
  lines: [{ label: "all routes", colour: "training" }, { label: "predictions", colour: "validation", dash: [6, 3] }],
  value: rate,
  tick: (value) => value < 10 ? String(Number(value.toPrecision(2))) : compact(value),
};
const LATENCY: ChartSpec = {
  ...SHARED,
  unit: "ms",
  lines: [
    { label: "median", colour: "training" },
    { label: "95 %", colour: "third", dash: [3, 3] },
    { label: "99 %", colour: "validation", dash: [8, 3] },
  ],
  value: (value) => latency(value === null ? null : value / 1000),
  tick: (value) => String(Number(value.toPrecision(2))),
};

export class ServicePanel {
  readonly #card = byId("service-metrics", HTMLElement);
  readonly #routes = byId("route-rows", HTMLTableSectionElement);
  readonly #rate = new Chart(byId("service-rate", HTMLElement), RATE);
  readonly #latency = new Chart(byId("service-latency", HTMLElement), LATENCY);
  readonly #history: Scrape[] = [];
  /** A point per scrape except the first: seconds, then the values of the charts. */
  readonly #points: number[][] = [];
  #requestedAt = -Infinity;
  #isRequesting = false;

  /** Requests the metrics if they are due. Call it often while the panel is visible. */
  draw(): void {
    if (this.#isRequesting || performance.now() - this.#requestedAt < SCRAPE_MS) return;
    void this.#scrape();
  }

  redraw(): void {
    this.#rate.redraw();
    this.#latency.redraw();
  }

  async #scrape(): Promise<void> {
    this.#requestedAt = performance.now();
    this.#isRequesting = true;
    try {
      const metrics = parseMetrics(await metricsText());
      this.#add({ at: performance.now() / 1000, metrics });
      this.#card.dataset["empty"] = "";
    } catch (error) {
      // The server may be gone: counts of its successor cannot be compared with these.
      this.#history.length = 0;
      this.#card.dataset["empty"] = messageOf(error);
    } finally {
      this.#isRequesting = false;
    }
  }

  #add(now: Scrape): void {
    const before = earlier(this.#history, now.at, WINDOW_SECONDS);
    // Counters that decreased are those of a new process.
    if (before && total(now) < total(before)) this.#history.length = 0;
    const since = this.#history.length > 0 ? before : undefined;
    this.#history.push(now);
    if (this.#history.length > MOST_SCRAPES) this.#history.shift();
    this.#metrics(now, since);
    if (!since) return;
    const routes = routesBetween(now, since);
    const all = routes.reduce((sum, { perSecond }) => sum + perSecond, 0);
    const { perSecond = 0, p50, p95, p99 } = routes.find(({ route }) => route === PREDICT) ?? {};
    const milliseconds = (seconds = NaN) => Number.isFinite(seconds) ? 1000 * seconds : NaN;
    this.#points.push([now.at, all, perSecond, milliseconds(p50), milliseconds(p95), milliseconds(p99)]);
    if (this.#points.length > MOST_SCRAPES) this.#points.shift();
    if (this.#points.length < 2) return;
    const origin = this.#points[0]?.[0] ?? 0;
    const x = Float64Array.from(this.#points, ([at = 0]) => at - origin);
    const line = (column: number) => ({ x, y: Float64Array.from(this.#points, (point) => point[column] ?? NaN) });
    this.#rate.draw([line(1), line(2)], "seconds", "Waiting for metrics");
    this.#latency.draw([line(3), line(4), line(5)], "seconds", "No predictions yet");
  }

  #metrics(now: Scrape, since: Scrape | undefined): void {
    const { metrics } = now;
    const recent = since ? routesBetween(now, since) : [];
    const predictions = recent.find(({ route }) => route === PREDICT);
    const all = recent.reduce((sum, { perSecond }) => sum + perSecond, 0);
    const show = (id: string, big: string, note: string) => {
      setText(byId(`${id}-now`, HTMLElement), big);
      setText(byId(`${id}-note`, HTMLElement), note);
    };
    show(
      "requests",
      since ? rate(all) : "–",
      `${rate(predictions?.perSecond ?? (since ? 0 : undefined))} predictions/s`,
    );
    show("latency", latency(predictions?.p50), `95 % ${latency(predictions?.p95)} · 99 % ${latency(predictions?.p99)}`);
    show("queue", count(valueOf(metrics, "lockstep_predict_queued_sequences")), queueNote(now, since));
    const dropped = valueOf(metrics, "lockstep_event_streams_dropped_total") ?? 0;
    const streams = count(valueOf(metrics, "lockstep_event_streams"));
    show("streams", streams, dropped > 0 ? `open now · ${count(dropped)} dropped` : "open now");
    show("memory", bytes(valueOf(metrics, "lockstep_resident_memory_bytes")), memoryNote(metrics));
    this.#routes.replaceChildren(
      ...routesBetween(now).map(({ route, requests, errors, p50, p95, p99 }) =>
        tableRow(
          route,
          count(requests),
          requests > 0 ? percent(errors / requests, 1) : "–",
          latency(p50),
          latency(p95),
          latency(p99),
        )
      ),
    );
  }
}

function queueNote(now: Scrape, since: Scrape | undefined): string {
  const size = batchSize(now, since) ?? batchSize(now);
  const restarts = valueOf(now.metrics, "lockstep_predict_restarts_total") ?? 0;
  const batches = size === undefined ? "no batch yet" : `${rate(size)} in a batch`;
  return restarts > 0 ? `${batches} · ${count(restarts)} restarts` : batches;
}

function memoryNote(metrics: Metrics): string {
  return `heap ${bytes(valueOf(metrics, "lockstep_heap_bytes"))}`;
}

function total(scrape: Scrape): number {
  return routesBetween(scrape).reduce((sum, { requests }) => sum + requests, 0);
}
