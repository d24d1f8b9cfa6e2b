/// <reference lib="dom" />
/** Defines the five charts of a run, and draws them from the columns of its view. */
import type { Line } from "./align.ts";
import { type Axis, Chart, type ChartSpec } from "./chart.ts";
import { byId } from "../page/dom.ts";
import { compact, count, loss, percent, scientific } from "../state/format.ts";
import { EPOCHS, PROGRESS, type RunView, setting } from "../state/state.ts";

interface Drawing {
  readonly chart: Chart;
  readonly lines: (view: RunView, axis: Axis) => Line[];
  readonly missing: (view: RunView) => string;
}

const DASHED = [5, 4];

/** Returns limits from the tenth below the lowest accuracy up to 100 %, as small differences near the top matter. */
export function accuracyRange(min: number): [number, number] {
  return [Math.max(0, Math.floor(10 * (min - 0.02)) / 10), 1];
}

/** Returns limits for shares of time, which are often a few per cent. */
function shareRange(_min: number, max: number): [number, number] {
  return [0, Math.min(1, Math.max(0.01, 1.15 * max))];
}

export const lossTick = (value: number): string => String(Number(value.toPrecision(3)));
export const accuracyTick = (value: number): string => String(Number((100 * value).toFixed(1)));

const SPECS = {
  loss: {
    unit: "nats",
    lines: [
      { label: "training", colour: "training" },
      { label: "validation", colour: "validation", marked: true },
      { label: "baseline", colour: "idle", dash: DASHED, optional: true },
    ],
    value: loss,
    tick: lossTick,
  },
  accuracy: {
    unit: "% correct",
    lines: [
      { label: "training", colour: "training" },
      { label: "validation", colour: "validation", marked: true },
      { label: "baseline", colour: "idle", dash: DASHED, optional: true },
      { label: "target", colour: "third", dash: DASHED, optional: true },
    ],
    value: percent,
    tick: accuracyTick,
    range: accuracyRange,
  },
  throughput: {
    unit: "sequences/s",
    lines: [{ label: "all workers", colour: "training" }],
    value: count,
    tick: compact,
  },
  drift: {
    unit: "of the norm",
    lines: [{ label: "distance from the mean", colour: "third" }],
    value: scientific,
    tick: (value) => scientific(value, 0).replace("1×", ""),
    logarithmic: true,
  },
  averaging: {
    unit: "% of time",
    lines: [{ label: "waiting", colour: "idle" }, { label: "averaging", colour: "validation" }],
    value: (value) => percent(value, 1),
    tick: (value) => String(Number((100 * value).toPrecision(2))),
    range: shareRange,
  },
} as const satisfies Record<string, ChartSpec>;

function ofProgress(...columns: number[]): Drawing["lines"] {
  return (view, axis) => {
    const x = view.progress.column(PROGRESS[axis]);
    return columns.map((column) => ({ x, y: view.progress.column(column) }));
  };
}

/** Returns the lines of training and validation. */
function ofBoth(key: "loss" | "accuracy"): Drawing["lines"] {
  return (view, axis) => [
    { x: view.progress.column(PROGRESS[axis]), y: view.progress.column(PROGRESS[key]) },
    { x: view.epochs.column(EPOCHS[axis]), y: view.epochs.column(EPOCHS[key]) },
  ];
}

/** Returns a level line at `height` from the first step to the last; no line at 0. */
function level(view: RunView, axis: Axis, height = 0): Line {
  const end = Math.max(view.progress.last(PROGRESS[axis]), view.epochs.last(EPOCHS[axis]) || 0);
  if (height <= 0 || !(end > 0)) return { x: new Float64Array(), y: new Float64Array() };
  return { x: Float64Array.of(0, end), y: Float64Array.of(height, height) };
}

/** Explains why the chart has no drift. */
function missingDrift({ started, cluster }: RunView): string {
  if (cluster && cluster.members.length > 1) return "Not measured: no machine has all shards";
  if (started?.shards === 1) return "One shard: no drift";
  return started?.config["average"] === "gradients" ? "Gradients are averaged: no drift" : "Unknown";
}

export class Charts {
  readonly #drawings: readonly Drawing[];

  constructor() {
    const chart = (id: keyof typeof SPECS): Chart => new Chart(byId(id, HTMLElement), SPECS[id]);
    const waiting = () => "Waiting for the first round";
    const [loss, accuracy] = [ofBoth("loss"), ofBoth("accuracy")];
    this.#drawings = [
      {
        chart: chart("loss"),
        lines: (view, axis) => [...loss(view, axis), level(view, axis, view.baseline?.loss)],
        missing: waiting,
      },
      {
        chart: chart("accuracy"),
        lines: (view, axis) => [
          ...accuracy(view, axis),
          level(view, axis, view.baseline?.accuracy),
          level(view, axis, setting(view, "targetAccuracy")),
        ],
        missing: waiting,
      },
      { chart: chart("throughput"), lines: ofProgress(PROGRESS.rate), missing: waiting },
      {
        chart: chart("drift"),
        lines: ofProgress(PROGRESS.drift),
        missing: (view) => view.points === 0 ? waiting() : missingDrift(view),
      },
      { chart: chart("averaging"), lines: ofProgress(PROGRESS.wait, PROGRESS.average), missing: waiting },
    ];
  }

  draw(view: RunView, axis: Axis): void {
    for (const { chart, lines, missing } of this.#drawings) chart.draw(lines(view, axis), axis, missing(view));
  }

  redraw(): void {
    for (const { chart } of this.#drawings) chart.redraw();
  }
}
