/** Draws throughput, averaging and waiting, and the drift of the shards where there is one. */
import type { Signal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { scientific } from "../../lib/report/format.ts";
import { PROGRESS, type RunView, settings } from "../../lib/report/run_view.ts";
import { AxisChoice, Chart } from "../charts/chart.ts";
import { type Axis, type Line, type Measure, RATE, SHARE } from "../charts/plot.ts";

const DRIFT: Measure = {
  unit: "of the norm",
  text: scientific,
  tick: (value) => scientific(value, 0).replace("1×", ""),
  isLogarithmic: true,
};

export function MachineryCharts(
  { view, axis }: { readonly view: RunView; readonly axis: Signal<Axis> },
): ComponentChildren {
  const x = view.progress.column(PROGRESS[axis.value]);
  const line = (label: string, colour: Line["colour"], key: keyof typeof PROGRESS): Line => {
    return { label, colour, x, y: view.progress.column(PROGRESS[key]) };
  };
  const shared = { axis: axis.value, missing: "Waiting for the first round", isPast: view.summary !== undefined };
  const chart = (
    id: string,
    title: string,
    label: string,
    measure: Measure,
    lines: readonly Line[],
    head?: ComponentChildren,
  ) => h(Chart, { ...shared, id, title, label, measure, lines, head });
  const shares = [line("waiting", "idle", "wait"), line("averaging", "validation", "average")];
  const share = "Shares of time spent averaging and waiting for other workers";
  const distance = "Distance of the shards from their mean before averaging";
  const drift = [line("distance from the mean", "third", "drift")];
  const rate = [line("all workers", "training", "rate")];
  return markup`
    ${chart("throughput", "Throughput", "Sequences per second of all workers", RATE, rate)}
    ${chart("averaging", "Averaging and waiting", share, SHARE, shares, h(AxisChoice, { axis }))}
    ${hasDrift(view) && chart("drift", "Drift of the shards", distance, DRIFT, drift)}`;
}

/** Shards drift apart only between two averagings of their weights; no machine of several has all shards. */
function hasDrift(view: RunView): boolean {
  const { started, cluster } = view;
  return started !== undefined && started.shards > 1 && settings(view)["average"] !== "gradients" &&
    (cluster?.members.length ?? 1) === 1;
}
