/** The view of the server: requests, latencies, queue, event streams and memory, read from `/metrics` while it is visible. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { messageOf, metricsText } from "../api.ts";
import { Chart, type ChartSpec } from "../charts/chart.ts";
import { bytes, compact, count, latency, percent, rate } from "../../lib/report/format.ts";
import { parseMetrics, valueOf } from "./open_metrics.ts";
import { routesBetween, ServiceHistory } from "./service_metrics.ts";
import type { Store } from "../store.ts";
import { Card, Numbers } from "../ui/card.ts";

const SCRAPE_MS = 2000;

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
    { label: "p95", colour: "third", dash: [3, 3] },
    { label: "p99", colour: "validation", dash: [8, 3] },
  ],
  value: (value) => latency(value === null ? null : value / 1000),
  tick: (value) => String(Number(value.toPrecision(2))),
};

export function Service({ store }: { readonly store: Store }): ComponentChildren {
  const history = useRef(new ServiceHistory());
  const requestedAt = useRef(-Infinity);
  const isRequesting = useRef(false);
  const error = useSignal("Loading");
  /** Changes with each scrape, which changes the history in place. */
  const scrapes = useSignal(0);
  const scrape = async () => {
    if (isRequesting.current || performance.now() - requestedAt.current < SCRAPE_MS) return;
    requestedAt.current = performance.now();
    isRequesting.current = true;
    try {
      const metrics = parseMetrics(await metricsText());
      history.current.add({ at: performance.now() / 1000, metrics });
      error.value = "";
    } catch (problem) {
      // The server may be gone: counts of its successor cannot be compared with these.
      history.current = new ServiceHistory();
      error.value = messageOf(problem);
    } finally {
      isRequesting.current = false;
      scrapes.value++;
    }
  };
  const tick = store.tick.value;
  useEffect(() => void scrape(), [tick]);
  void scrapes.value;
  if (error.value !== "") {
    return markup`<div class="view service">${
      h(Card, { id: "service-metrics", title: "Service", empty: error.value })
    }</div>`;
  }
  const { points, now } = history.current;
  const x = Float64Array.from(points, ({ at }) => at - (points[0]?.at ?? 0));
  const line = (values: (point: typeof points[number]) => number) => ({ x, y: Float64Array.from(points, values) });
  const isEmpty = points.length < 2;
  const lines = (...of: ReturnType<typeof line>[]) => isEmpty ? [] : of;
  return markup`
    <div class="view service">
      <dl id="service-metrics" class="metrics" data-empty="">${
    metricsOf(history.current).map(([id, name, value, note]) =>
      markup`<div key=${id} class="card"><dt>${name}</dt><dd id="${id}-now" class="big">${value}</dd><dd id="${id}-note" class="note">${note}</dd></div>`
    )
  }</dl>
      ${
    h(Chart, {
      id: "service-rate",
      title: "Requests",
      label: "Requests per second while this view is open",
      spec: RATE,
      lines: lines(line(({ all }) => all), line(({ predictions }) => predictions)),
      axis: "seconds",
      missing: "Waiting for metrics",
    })
  }
      ${
    h(Chart, {
      id: "service-latency",
      title: "Latency of predictions",
      label: "Percentiles of the latency of predictions",
      spec: LATENCY,
      lines: lines(line(({ p50 }) => p50), line(({ p95 }) => p95), line(({ p99 }) => p99)),
      axis: "seconds",
      missing: isEmpty ? "Waiting for metrics" : "No predictions yet",
    })
  }
      ${
    h(
      Card,
      {
        id: "routes",
        title: markup`Routes <span class="at">since the server started, without requests for metrics</span>`,
      },
      markup`<div id="route-rows">${
        h(Numbers, {
          labelledBy: "routes-title",
          columns: ["route", "requests", "errors", "median", "p95", "p99"],
          rows: (now ? routesBetween(now) : []).map(({ route, requests, errors, p50, p95, p99 }) => [
            route,
            count(requests),
            requests > 0 ? percent(errors / requests, 1) : "–",
            latency(p50),
            latency(p95),
            latency(p99),
          ]),
        })
      }</div>`,
    )
  }
    </div>`;
}

/** Returns the large numbers: id, name, value, note. */
function metricsOf({ now, since, batchSize }: ServiceHistory): [string, string, string, string][] {
  if (!now) return [];
  const recent = since ? routesBetween(now, since) : [];
  const predictions = recent.find(({ route }) => route === PREDICT);
  const all = recent.reduce((sum, { perSecond }) => sum + perSecond, 0);
  const number = (name: string) => valueOf(now.metrics, name);
  const restarts = number("lockstep_predict_restarts_total") ?? 0;
  const dropped = number("lockstep_event_streams_dropped_total") ?? 0;
  const batches = batchSize === undefined ? "no batch yet" : `${rate(batchSize)} in a batch`;
  return [
    [
      "requests",
      "Requests/s",
      since ? rate(all) : "–",
      `${rate(predictions?.perSecond ?? (since ? 0 : undefined))} predictions/s`,
    ],
    [
      "latency",
      "Predictions, median",
      latency(predictions?.p50),
      `p95 ${latency(predictions?.p95)} · p99 ${latency(predictions?.p99)}`,
    ],
    [
      "queue",
      "Queued sequences",
      count(number("lockstep_predict_queued_sequences")),
      restarts > 0 ? `${batches} · ${count(restarts)} restarts` : batches,
    ],
    [
      "streams",
      "Event streams",
      count(number("lockstep_event_streams")),
      dropped > 0 ? `open now · ${count(dropped)} dropped` : "open now",
    ],
    [
      "memory",
      "Memory",
      bytes(number("lockstep_resident_memory_bytes")),
      `heap ${bytes(number("lockstep_heap_bytes"))}`,
    ],
  ];
}
