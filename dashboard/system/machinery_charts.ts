/** Draws throughput, averaging and waiting, and the drift of the shards where there is one. */
import type { Signal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { scientific } from "../../lib/report/format.ts";
import { PROGRESS, type RunView, settings } from "../../lib/report/run_view.ts";
import { AxisChoice, Chart } from "../charts/chart.ts";
import { type Measure, RATE, SHARE } from "../charts/measures.ts";
import type { Axis, Line } from "../charts/plot.ts";

const DRIFT: Measure = {
  unit: "of the norm",
  text: scientific,
  tick: (value) => scientific(value, 0).replace("1×", ""),
  isLogarithmic: true,
};

interface MachineryProps {
  readonly view: RunView;
  readonly axis: Signal<Axis>;
}

export function MachineryCharts({ view, axis }: MachineryProps): ComponentChildren {
  const x = view.progress.column(PROGRESS[axis.value]);
  const line = (label: string, colour: Line["colour"], key: keyof typeof PROGRESS): Line => {
    return { label, colour, x, y: view.progress.column(PROGRESS[key]) };
  };
  const shared = { axis: axis.value, missing: "Waiting for the first round", isPast: view.summary !== undefined };
  const throughput = {
    id: "throughput",
    title: "Throughput",
    label: "Sequences per second of all workers",
    measure: RATE,
    lines: [line("all workers", "training", "rate")],
  };
  const averaging = {
    id: "averaging",
    title: "Averaging and waiting",
    label: "Shares of time spent averaging and waiting for other workers",
    measure: SHARE,
    lines: [line("waiting", "idle", "wait"), line("averaging", "validation", "average")],
    head: h(AxisChoice, { axis }),
  };
  const drift = {
    id: "drift",
    title: "Drift of the shards",
    label: "Distance of the shards from their mean before averaging",
    measure: DRIFT,
    lines: [line("distance from the mean", "third", "drift")],
  };
  const charts = [throughput, averaging, ...hasDrift(view) ? [drift] : []];
  return markup`${charts.map((chart) => h(Chart, { key: chart.id, ...shared, ...chart }))}`;
}

/** Shards drift apart only between two averagings of their weights; no machine of several has all shards. */
function hasDrift(view: RunView): boolean {
  const { started, cluster } = view;
  return started !== undefined && started.shards > 1 && settings(view)["average"] !== "gradients" &&
    (cluster?.members.length ?? 1) === 1;
}
