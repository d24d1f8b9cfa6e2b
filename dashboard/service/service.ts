/** The view of the server: requests, latencies, queue, event streams and memory, which it measures itself. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useEffect } from "preact/hooks";
import { counted } from "../../lib/base/counted.ts";
import { bytes, compact, count, latency, percent, rate } from "../../lib/report/format.ts";
import type { Activity } from "../../lib/serve/activity.ts";
import type { ModelList } from "../../lib/serve/routes/model_routes.ts";
import { messageOf, request } from "../api.ts";
import { Chart } from "../charts/chart.ts";
import type { Line, Measure } from "../charts/plot.ts";
import type { Loaded, Store } from "../store.ts";
import { Card } from "../ui/card.ts";
import { Numbers } from "../ui/table.ts";

const short = (value: number) => value < 10 ? String(Number(value.toPrecision(2))) : compact(value);
const REQUESTS: Measure = { unit: "requests/s", text: rate, tick: short };
const LATENCY: Measure = { unit: "ms", text: (ms) => latency(ms === null ? ms : ms / 1000), tick: short };

export function Service({ store }: { readonly store: Store }): ComponentChildren {
  const activity = useSignal<Loaded<Activity>>({});
  const models = useSignal<ModelList["models"]>([]);
  // The server answers at most one new point per second.
  useEffect(() => {
    request<ModelList>("models").then((list) => models.value = list.models, () => {});
    request<Activity>("activity").then((value) => activity.value = { value }, (error) => {
      activity.value = { error: messageOf(error) };
    });
  }, [store.tick.value]);
  const { value, error = "Loading" } = activity.value;
  const missing = h(Card, { id: "service-metrics", title: "Service", empty: error });
  return markup`<div class="view service">${value ? h(Measured, value) : missing}${
    h(Models, { all: models.value })
  }</div>`;
}

/** Shows what each model answers, and what is tried beside it, if that is more than one. */
export function Models({ all }: { readonly all: ModelList["models"] }): ComponentChildren {
  const rows = all.flatMap(({ name, canary, ...model }) => [
    [name, percent(1 - (canary?.share ?? 0), 1), ...cellsOf(model)],
    ...canary ? [[`${name}, canary`, percent(canary.share, 1), ...cellsOf(canary)]] : [],
  ]);
  if (rows.length < 2) return null;
  const columns = ["model", "share of its requests", "requests", "failed", "run", "digest", "size"];
  return h(Card, { id: "models", title: "Models" }, h(Numbers, { labelledBy: "models-title", columns, rows }));
}

function cellsOf(
  { predictions, failures, run, digest, bytes: size }: Omit<ModelList["models"][number], "name" | "canary">,
): string[] {
  return [count(predictions), count(failures), run, digest?.slice(0, 8) ?? "–", size === null ? "–" : bytes(size)];
}

function Measured(activity: Activity): ComponentChildren {
  const { points, routes } = activity;
  const x = Float64Array.from(points, ({ at }) => at - points[0]!.at);
  const line = (label: string, look: Pick<Line, "colour" | "dash">, key: keyof Activity["points"][number], by = 1) => {
    return { label, ...look, x, y: Float64Array.from(points, (point) => by * (point[key] ?? NaN)) };
  };
  const shared = { axis: "seconds", axisName: "while a page shows it", group: "service" } as const;
  const requests = [
    line("all routes", { colour: "training" }, "requests"),
    line("predictions", { colour: "validation", dash: [6, 3] }, "predictions"),
  ];
  const latencies = [
    line("median", { colour: "training" }, "p50", 1000),
    line("p95", { colour: "third", dash: [3, 3] }, "p95", 1000),
    line("p99", { colour: "validation", dash: [8, 3] }, "p99", 1000),
  ];
  const chart = (id: string, title: string, label: string, measure: Measure, lines: readonly Line[], missing: string) =>
    h(Chart, { ...shared, id, title, label, measure, lines, missing });
  const [rates, times] = ["Requests per second", "Percentiles of the latency of predictions"] as const;
  const title = markup`Routes <span class="at">since the server started, without requests for metrics</span>`;
  const rows = routes.map(({ route, requests, errors, p50, p95, p99 }) => [
    ...[route, count(requests), percent(errors / requests, 1)],
    ...[p50, p95, p99].map(latency),
  ]);
  const columns = ["route", "requests", "errors", "median", "p95", "p99"];
  const facts = factsOf(activity).map(([id, name, value, note]) =>
    markup`<div key=${id} class="card"><dt>${name}</dt><dd id="${id}-now" class="big">${value}</dd>
      <dd class="note">${note}</dd></div>`
  );
  return markup`
    <dl id="service-metrics" class="metrics" data-empty="">${facts}</dl>
    ${chart("service-rate", "Requests", rates, REQUESTS, requests, "Waiting for metrics")}
    ${chart("service-latency", "Latency of predictions", times, LATENCY, latencies, "No predictions yet")}
    ${h(Card, { id: "routes", title }, h(Numbers, { labelledBy: "routes-title", columns, rows }))}`;
}

/** Returns the large numbers: id, name, value, note. */
function factsOf(
  { points, queued, batchSize, restarts, streams, dropped, memory }: Activity,
): [id: string, name: string, value: string, note: string][] {
  const now = points.at(-1);
  const batch = batchSize === null ? "no batch yet" : `${rate(batchSize)} in a batch`;
  return [
    ["requests", "Requests/s", rate(now?.requests), `${rate(now?.predictions)} predictions/s`],
    ["latency", "Predictions, median", latency(now?.p50), `p95 ${latency(now?.p95)} · p99 ${latency(now?.p99)}`],
    ["queue", "Queued sequences", count(queued), restarts > 0 ? `${batch} · ${counted(restarts, "restart")}` : batch],
    ["streams", "Event streams", count(streams), dropped > 0 ? `open now · ${count(dropped)} dropped` : "open now"],
    ["memory", "Memory", bytes(memory.resident), `heap ${bytes(memory.heap)}`],
  ];
}
