/// <reference lib="dom" />
/** Options of the chart library: axes, colours, the pointer that charts share, zoom, and vertical marks. */
import type { Signal } from "@preact/signals";
import type uPlot from "uplot";
import { compact, count, duration, loss, percent } from "../../lib/report/format.ts";

/** A vertical axis that several charts share: its unit, and how its values are written. */
export interface Measure {
  readonly unit: string;
  readonly text: (value: number | null) => string;
  readonly tick: (value: number) => string;
  /** Returns the limits of the axis from those of the data; by default from 0. */
  readonly range?: (min: number, max: number) => [number, number];
  readonly isLogarithmic?: boolean;
}

export const LOSS: Measure = {
  unit: "cross-entropy",
  text: loss,
  tick: (value) => String(Number(value.toPrecision(3))),
};

export const LOG_LOSS: Measure = { ...LOSS, isLogarithmic: true };

export const ACCURACY: Measure = {
  unit: "% correct",
  text: percent,
  tick: (value) => String(Number((100 * value).toFixed(1))),
  // From the tenth below the lowest accuracy up to 100 %, as small differences near the top matter.
  range: (min, max) => {
    const lowest = max - min < 0.03 ? min - 0.01 : Math.floor(10 * (min - 0.02)) / 10;
    return [Math.max(0, lowest), Math.min(1, max + 0.01)];
  },
};

export const RATE: Measure = { unit: "sequences/s", text: count, tick: compact };

export const ROWS: Measure = { ...RATE, unit: "rows/s" };

export const SHARE: Measure = {
  unit: "% of time",
  text: (value) => percent(value, 1),
  tick: (value) => String(Number((100 * value).toPrecision(2))),
  range: (_min, max) => [0, Math.min(1, Math.max(0.01, 1.15 * max))],
};

/** Names of the stylesheet's colours, which differ by colour scheme. */
export type Colour = "ink" | "muted" | "grid" | "training" | "validation" | "third" | "fourth" | "idle";

/** Unit of the horizontal axis. */
export type Axis = "step" | "seconds";

export interface Line {
  readonly label: string;
  readonly colour: Colour;
  /** Increasing positions, and values; NaN if unknown. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly dash?: readonly number[];
  /** Draws a marker at each point while they are few. */
  readonly isMarked?: boolean;
  /** Draws the line thin and pale, and not in the legend: another one is its smoothed form. */
  readonly isRaw?: boolean;
}

interface Mark {
  readonly at: number;
  readonly name: string;
}

export interface Plot {
  readonly measure: Measure;
  readonly lines: readonly Line[];
  readonly axis: Axis;
  /** Label of the horizontal axis; by default step or training time. */
  readonly axisName?: string;
  /** Charts of one group share a pointer, so that their values at one step can be compared. */
  readonly group?: string;
  /** Positions of vertical marks, and their names. */
  readonly marks?: readonly Mark[] | undefined;
  /** The part of the horizontal axis that is shown, undefined for all of it; set where the pointer can choose one. */
  readonly zoom?: Signal<readonly [from: number, to: number] | undefined>;
}

/** With more points than this, markers would hide the line. */
const MARKERS_AT_MOST = 60;
const FONT = "11px system-ui, sans-serif";
/** Distances between ticks that count things, and seconds. */
const WHOLE = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800];

/** Returns the options of a plot in `room`. It reads the newest properties, and tells `pointer` where the pointer is. */
export function optionsOf(
  room: HTMLElement,
  newest: { readonly current: Plot },
  pointer: Signal<number | undefined>,
): uPlot.Options {
  const { lines, measure: { unit, tick, range = fromZero, isLogarithmic }, group = "training" } = newest.current;
  const isByStep = () => newest.current.axis === "step";
  const setZoom = (to: readonly [number, number] | undefined) => {
    if (newest.current.zoom) newest.current.zoom.value = to;
  };
  const zoomed = (plot: uPlot) => {
    const { left, width } = plot.select;
    if (width > 4) setZoom([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
    if (width > 0) plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  };
  const rule = { stroke: () => colour("grid"), width: 1 };
  const common: uPlot.Axis = {
    stroke: () => colour("muted"),
    font: FONT,
    labelFont: FONT,
    labelSize: 15,
    labelGap: 0,
    gap: 4,
    grid: rule,
    ticks: { ...rule, size: 4 },
  };
  return {
    ...sizeOf(room),
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: newest.current.zoom !== undefined, y: false, setScale: false },
      sync: { key: group, scales: ["x", null] },
      bind: { dblclick: () => () => (setZoom(undefined), null) },
    },
    hooks: {
      setCursor: [({ cursor }) => pointer.value = cursor.idx ?? undefined],
      setSelect: [zoomed],
      draw: [(plot) => newest.current.marks?.forEach((mark) => drawMark(plot, mark))],
    },
    scales: {
      x: { time: false, range: (_plot, _min, max) => [...newest.current.zoom?.value ?? [0, max > 0 ? max : 1]] },
      y: isLogarithmic ? { distr: 3 } : { range: (_plot, min, max) => min === null ? [0, 1] : range(min, max) },
    },
    axes: [
      {
        ...common,
        size: 24,
        space: 64,
        label: () => newest.current.axisName ?? (isByStep() ? "step" : "training time"),
        incrs: () => isByStep() ? WHOLE : SECONDS,
        values: (_plot, splits) => splits.map((x) => isByStep() ? compact(x) : duration(x)),
      },
      {
        ...common,
        size: 46,
        space: 32,
        label: unit,
        values: (_plot, splits) => splits.map((y) => y === null ? "" : tick(y)),
      },
    ],
    series: [{}, ...lines.map(series)],
  };
}

function series({ colour: name, dash, isMarked, isRaw }: Line): uPlot.Series {
  return {
    stroke: () => colour(isRaw ? `${name}-faint` : name),
    width: isRaw ? 1 : isMarked ? 2 : 1.5,
    spanGaps: true,
    ...(dash ? { dash: [...dash] } : {}),
    points: {
      size: 5,
      fill: () => colour(name),
      show: (plot, index) =>
        isMarked === true && Array.from(plot.data[index]!).filter((y) => y !== null).length <= MARKERS_AT_MOST,
    },
  };
}

/** Draws a vertical line, with its name beside it. */
function drawMark(plot: uPlot, mark: Mark): void {
  const { ctx, bbox: { left, top, width, height } } = plot;
  const x = Math.round(plot.valToPos(mark.at, "x", true));
  if (x < left || x > left + width) return;
  const isRight = x > left + width / 2;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("muted");
  ctx.setLineDash([2 * scale, 3 * scale]);
  ctx.stroke(new Path2D(`M${x} ${top}v${height}`));
  ctx.font = FONT.replace("11", String(11 * scale));
  ctx.textAlign = isRight ? "right" : "left";
  ctx.fillText(mark.name, x + (isRight ? -5 : 5) * scale, top + 12 * scale);
  ctx.restore();
}

function colour(name: Colour | `${Colour}-faint`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
}

function fromZero(_min: number, max: number): [number, number] {
  return [0, max > 0 ? 1.08 * max : 1];
}

export function sizeOf(room: HTMLElement): { width: number; height: number } {
  return { width: Math.max(room.clientWidth, 60), height: room.clientHeight };
}

/** Joins lines over one axis. Returns `[x, y of line 0, y of line 1, …]` over the union of the lines' x, null where a line has no value. */
export function align(lines: readonly Pick<Line, "x" | "y">[]): [number[], ...(number | null)[][]] {
  const next = lines.map(() => 0);
  const xs: number[] = [];
  const ys: (number | null)[][] = lines.map(() => []);
  while (true) {
    const x = Math.min(...lines.map((line, index) => line.x[next[index]!] ?? Infinity));
    if (x === Infinity) return [xs, ...ys];
    xs.push(x);
    for (const [index, line] of lines.entries()) {
      const y = line.x[next[index]!] === x ? line.y[next[index]!++]! : NaN;
      ys[index]!.push(Number.isNaN(y) ? null : y);
    }
  }
}

/** Returns the newest value at `index` or before it. */
export function latest(values: readonly (number | null)[], index: number): number | null {
  return values.slice(0, index + 1).findLast((value) => value !== null) ?? null;
}
