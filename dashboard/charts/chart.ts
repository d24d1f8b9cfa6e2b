/// <reference lib="dom" />
/** Draws one chart: a plot, and a legend with the values at the pointer, or else the newest ones. */
import { useSignal, useSignalEffect } from "@preact/signals";
import type { ReadonlySignal, Signal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import { compact, count, duration } from "../../lib/report/format.ts";
import { Card } from "../ui/card.ts";
import { align, latest, type Line } from "./align.ts";
import { type Colour, colour, font, schemes } from "./theme.ts";
import { decades, SECONDS, WHOLE } from "./ticks.ts";

/** Unit of the horizontal axis. */
export type Axis = "step" | "seconds";

export interface LineSpec {
  readonly label: string;
  readonly colour: Colour;
  readonly dash?: readonly number[];
  /** Draws a marker at each point while they are few. */
  readonly marked?: boolean;
  /** Hides the line in the legend while it has no values. */
  readonly optional?: boolean;
  /** Draws the line thin and pale, and not in the legend: another one is its smoothed form. */
  readonly isRaw?: boolean;
}

export interface ChartSpec {
  readonly unit: string;
  /** Label of the horizontal axis; by default step or training time. */
  readonly axis?: string;
  /** Charts of one group share a pointer, so that their values at one step can be compared. */
  readonly group?: string;
  readonly lines: readonly LineSpec[];
  readonly value: (value: number | null) => string;
  readonly tick: (value: number) => string;
  readonly logarithmic?: boolean;
  /** Returns the limits of a linear axis from those of the data. */
  readonly range?: (min: number, max: number) => [number, number];
}

/** The part of the horizontal axis that is shown; undefined for all of it. */
export type Zoom = Signal<readonly [from: number, to: number] | undefined>;

interface ChartProps {
  readonly id: string;
  readonly title: string;
  /** Describes the plot to people who do not see it. */
  readonly label: string;
  readonly spec: ChartSpec;
  /** One per line of the spec. */
  readonly lines: readonly Line[];
  readonly axis: Axis;
  /** The text in place of a chart without values. */
  readonly missing: string;
  /** Position of a vertical mark, and its name. */
  readonly mark?: { readonly at: number; readonly name: string } | undefined;
  /** Set where a part of the axis can be chosen with the pointer. */
  readonly zoom?: Zoom;
  readonly head?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** With more points than this, markers would hide the line. */
const MARKERS_AT_MOST = 60;

type Data = ReturnType<typeof align>;

export function Chart(props: ChartProps): ComponentChildren {
  const { id, title, label, spec, lines, axis, missing, zoom, head, children } = props;
  const room = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  // The plot's callbacks read the newest properties.
  const newest = useRef(props);
  newest.current = props;
  const pointer = useSignal<number | undefined>(undefined);
  const data = align(lines);
  useEffect(() => {
    const element = room.current!;
    const made = new uPlot(options(element, newest, pointer), [[], ...spec.lines.map(() => [])], element);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize(sizeOf(element)));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
    };
  }, [spec]);
  useEffect(() => plot.current?.setData(data));
  useSignalEffect(() => {
    void schemes.value;
    plot.current?.redraw(false, true);
  });
  useSignalEffect(() => {
    if (zoom) plot.current?.setData(plot.current.data, void zoom.value === undefined);
  });
  const isEmpty = data.slice(1).every((values) => values.every((value) => value === null));
  const empty = isEmpty ? missing : "";
  const legend = h(Legend, { spec, data, axis, pointer });
  const plotted = useMemo(() => markup`<div ref=${room} class="plot" role="img" aria-label=${label}></div>`, [label]);
  const content = markup`${legend}${plotted}${children}`;
  return h(Card, { id, title, empty, look: "chart", head, keeps: true }, content);
}

interface LegendProps {
  readonly spec: ChartSpec;
  readonly data: Data;
  readonly axis: Axis;
  readonly pointer: ReadonlySignal<number | undefined>;
}

/** Lists the lines with their values at the pointer. */
function Legend({ spec, data, axis, pointer }: LegendProps): ComponentChildren {
  const at = pointer.value;
  const x = at === undefined ? undefined : data[0][at];
  const items = spec.lines.map((line, index) => {
    const values = data[index + 1] ?? [];
    if (line.isRaw || (line.optional && values.every((value) => value === null))) return null;
    return markup`<li key=${index}><span class="mark ${line.colour} ${line.dash ? "dashed" : ""}"></span>
      <span class="line">${line.label}</span>${" "}<span class="value">${
      spec.value(latest(values, at ?? Infinity))
    }</span></li>`;
  });
  const where = x === undefined ? "" : axis === "step" ? `step ${count(x)}` : `at ${duration(x)}`;
  return markup`<ul class="legend">${items}${where === "" ? null : markup`<li class="at">${where}</li>`}</ul>`;
}

function options(
  room: HTMLElement,
  newest: { readonly current: ChartProps },
  pointer: Signal<number | undefined>,
): uPlot.Options {
  const { lines, unit, tick, range, axis, group = "training", logarithmic } = newest.current.spec;
  const rule = { stroke: () => colour("grid"), width: 1 };
  const few: uPlot.Axis.Filter = (_plot, splits) => decades(splits);
  const isByStep = () => newest.current.axis === "step";
  const common: uPlot.Axis = {
    stroke: () => colour("muted"),
    font: font(),
    labelFont: font(),
    labelSize: 15,
    labelGap: 0,
    gap: 4,
    grid: rule,
    ticks: { ...rule, size: 4 },
  };
  const zoomed = (plot: uPlot) => {
    const { left, width } = plot.select;
    const { zoom } = newest.current;
    if (zoom && width > 4) zoom.value = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    if (width > 0) plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  };
  return {
    ...sizeOf(room),
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: newest.current.zoom !== undefined, y: false, setScale: false },
      sync: { key: group, scales: ["x", null] },
      bind: { dblclick: () => () => (newest.current.zoom && (newest.current.zoom.value = undefined), null) },
    },
    hooks: {
      setCursor: [({ cursor }) => pointer.value = cursor.idx ?? undefined],
      setSelect: [zoomed],
      draw: [(plot) => drawMark(plot, newest.current.mark)],
    },
    scales: {
      x: { time: false, range: (_plot, _min, max) => [...newest.current.zoom?.value ?? [0, max > 0 ? max : 1]] },
      y: logarithmic
        ? { distr: 3 }
        : { range: (_plot, min, max) => min === null ? [0, 1] : (range ?? fromZero)(min, max) },
    },
    axes: [
      {
        ...common,
        size: 24,
        space: 64,
        label: () => axis ?? (isByStep() ? "step" : "training time"),
        incrs: () => isByStep() ? WHOLE : SECONDS,
        values: (_plot, splits) => splits.map((x) => isByStep() ? compact(x) : duration(x)),
      },
      {
        ...common,
        size: 46,
        space: 32,
        label: unit,
        values: (_plot, splits) => splits.map((y) => y === null ? "" : tick(y)),
        ...(logarithmic ? { filter: few, grid: { ...rule, filter: few }, ticks: { show: false } } : {}),
      },
    ],
    series: [{}, ...lines.map(series)],
  };
}

function series({ colour: name, dash, marked, isRaw }: LineSpec): uPlot.Series {
  return {
    stroke: () => colour(isRaw ? `${name}-faint` : name),
    width: isRaw ? 1 : marked ? 2 : 1.5,
    spanGaps: true,
    ...(dash ? { dash: [...dash] } : {}),
    points: {
      size: 5,
      fill: () => colour(name),
      show: (plot, index) => marked === true && known(plot.data[index] ?? []) <= MARKERS_AT_MOST,
    },
  };
}

/** Draws a vertical line, with its name beside it. */
function drawMark(plot: uPlot, mark: ChartProps["mark"]): void {
  if (!mark) return;
  const { ctx, bbox: { left, top, width, height } } = plot;
  const x = Math.round(plot.valToPos(mark.at, "x", true));
  if (x < left || x > left + width) return;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("muted");
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, top + height);
  ctx.stroke();
  ctx.font = font().replace("11px", `${11 * devicePixelRatio}px`);
  const isRight = x > left + width / 2;
  ctx.textAlign = isRight ? "right" : "left";
  ctx.fillText(mark.name, x + (isRight ? -5 : 5) * devicePixelRatio, top + 12 * devicePixelRatio);
  ctx.restore();
}

function known(values: ArrayLike<number | null | undefined>): number {
  let found = 0;
  for (let index = 0; index < values.length; index++) if ((values[index] ?? null) !== null) found++;
  return found;
}

function fromZero(_min: number, max: number): [number, number] {
  return [0, max > 0 ? 1.08 * max : 1];
}

function sizeOf(room: HTMLElement): { width: number; height: number } {
  return { width: Math.max(room.clientWidth, 60), height: room.clientHeight };
}
