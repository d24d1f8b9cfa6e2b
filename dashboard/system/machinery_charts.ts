/** Draws throughput, averaging and waiting, and the drift of the shards where there is one. */
import type { Signal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { Line } from "../charts/align.ts";
import { type Axis, Chart, type ChartSpec } from "../charts/chart.ts";
import { AxisChoice } from "../overview/curves.ts";
import { compact, count, percent, scientific } from "../../lib/report/format.ts";
import { PROGRESS, type RunView, settings } from "../../lib/report/run_view.ts";

const SPECS = {
  throughput: {
    unit: "sequences/s",
    lines: [{ label: "all workers", colour: "training" }],
    value: count,
    tick: compact,
  },
  averaging: {
    unit: "% of time",
    lines: [{ label: "waiting", colour: "idle" }, { label: "averaging", colour: "validation" }],
    value: (value) => percent(value, 1),
    tick: (value) => String(Number((100 * value).toPrecision(2))),
    range: (_min, max) => [0, Math.min(1, Math.max(0.01, 1.15 * max))],
  },
  drift: {
    unit: "of the norm",
    lines: [{ label: "distance from the mean", colour: "third" }],
    value: scientific,
    tick: (value) => scientific(value, 0).replace("1×", ""),
    logarithmic: true,
  },
} as const satisfies Record<string, ChartSpec>;

interface MachineryProps {
  readonly view: RunView;
  readonly axis: Signal<Axis>;
}

export function MachineryCharts({ view, axis }: MachineryProps): ComponentChildren {
  const by = axis.value;
  const x = view.progress.column(PROGRESS[by]);
  const line = (column: number): Line => ({ x, y: view.progress.column(column) });
  const shared = { axis: by, missing: "Waiting for the first round" };
  return markup`
    ${
    h(Chart, {
      ...shared,
      id: "throughput",
      title: "Throughput",
      label: "Sequences per second of all workers",
      spec: SPECS.throughput,
      lines: [line(PROGRESS.rate)],
    })
  }
    ${
    h(Chart, {
      ...shared,
      id: "averaging",
      title: "Averaging and waiting",
      label: "Shares of time spent averaging and waiting for other workers",
      spec: SPECS.averaging,
      lines: [line(PROGRESS.wait), line(PROGRESS.average)],
      head: h(AxisChoice, { axis }),
    })
  }
    ${
    hasDrift(view)
      ? h(Chart, {
        ...shared,
        id: "drift",
        title: "Drift of the shards",
        label: "Distance of the shards from their mean before averaging",
        spec: SPECS.drift,
        lines: [line(PROGRESS.drift)],
      })
      : null
  }`;
}

/** Shards drift apart only between two averagings of their weights; no machine of several has all shards. */
function hasDrift(view: RunView): boolean {
  const { started, cluster } = view;
  return started !== undefined && started.shards > 1 && settings(view)["average"] !== "gradients" &&
    (cluster?.members.length ?? 1) === 1;
}
