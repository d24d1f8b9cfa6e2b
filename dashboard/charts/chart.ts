/// <reference lib="dom" />
/** Draws one chart in its card: a plot, and a legend with the values at the pointer, or else the newest ones. */
import uPlot from "uplot";
import { align, latest, type Line } from "./align.ts";
import { create, setText, within } from "../page/dom.ts";
import { compact, count, duration } from "../state/format.ts";
import { decades, SECONDS, WHOLE } from "./ticks.ts";
import { type Colour, colour, font } from "./theme.ts";

/** Unit of the horizontal axis. */
export type Axis = "step" | "seconds";

export interface LineSpec {
  readonly label: string;
  readonly colour: Colour;
  readonly dash?: number[];
  /** Draws a marker at each point while they are few. */
  readonly marked?: boolean;
  /** Hides the line in the legend while it has no values. */
  readonly optional?: boolean;
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

/** With more points than this, markers would hide the line. */
const MARKERS_AT_MOST = 60;

export class Chart {
  readonly #spec: ChartSpec;
  readonly #card: HTMLElement;
  /** Entries of the legend, one per line. */
  readonly #entries: readonly HTMLElement[];
  readonly #values: readonly HTMLElement[];
  readonly #at: HTMLElement;
  readonly #plot: uPlot;
  readonly #resized: ResizeObserver;
  #axis: Axis = "step";

  constructor(card: HTMLElement, spec: ChartSpec) {
    this.#card = card;
    this.#spec = spec;
    this.#at = within(card, ".at", HTMLElement);
    const legend = within(card, ".legend", HTMLElement);
    legend.replaceChildren();
    this.#values = spec.lines.map(() => create("span", "value", "–"));
    this.#entries = spec.lines.map((line, index) => {
      const mark = create("span", `mark ${line.colour}${line.dash ? " dashed" : ""}`);
      return create("li", "", mark, create("span", "line", line.label), " ", this.#values[index] ?? "");
    });
    legend.append(...this.#entries);
    const room = within(card, ".plot", HTMLElement);
    this.#plot = new uPlot(this.#options(room), [[], ...spec.lines.map(() => [])], room);
    this.#resized = new ResizeObserver(() => this.#plot.setSize(sizeOf(room)));
    this.#resized.observe(room);
  }

  /** Removes the plot. Another chart may use the card then. */
  remove(): void {
    this.#resized.disconnect();
    this.#plot.destroy();
  }

  /** Draws `lines`, one per line of the spec. Shows the text `missing` if they have no values. */
  draw(lines: readonly Line[], axis: Axis, missing: string): void {
    this.#axis = axis;
    const data = align(lines);
    const nothing = data.slice(1).every((values) => values.every((value) => value === null));
    this.#card.dataset["empty"] = nothing ? missing : "";
    for (const [line, entry] of this.#entries.entries()) {
      entry.hidden = this.#spec.lines[line]?.optional === true && known(data[line + 1] ?? []) === 0;
    }
    this.#plot.setData(data);
    this.#legend();
  }

  redraw(): void {
    this.#plot.redraw(false, true);
  }

  #legend(): void {
    const data = this.#plot.data;
    const { idx } = this.#plot.cursor;
    for (const [line, element] of this.#values.entries()) {
      setText(element, this.#spec.value(latest(data[line + 1] ?? [], idx ?? Infinity)));
    }
    const x = idx === null || idx === undefined ? null : latest(data[0], idx);
    setText(this.#at, x === null ? "" : this.#axis === "step" ? `step ${count(x)}` : `at ${duration(x)}`);
  }

  #options(room: HTMLElement): uPlot.Options {
    const { lines, unit, tick, range, axis, group = "training" } = this.#spec;
    const rule = { stroke: () => colour("grid"), width: 1 };
    const few: uPlot.Axis.Filter = (_plot, splits) => decades(splits);
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
    return {
      ...sizeOf(room),
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: group, scales: ["x", null] } },
      hooks: { setCursor: [() => this.#legend()] },
      scales: {
        x: { time: false, range: (_plot, _min, max) => [0, max > 0 ? max : 1] },
        y: this.#spec.logarithmic
          ? { distr: 3 }
          : { range: (_plot, min, max) => min === null ? [0, 1] : (range ?? fromZero)(min, max) },
      },
      axes: [
        {
          ...common,
          size: 24,
          space: 64,
          label: () => axis ?? (this.#axis === "step" ? "step" : "training time"),
          incrs: () => this.#axis === "step" ? WHOLE : SECONDS,
          values: (_plot, splits) => splits.map((x) => this.#axis === "step" ? compact(x) : duration(x)),
        },
        {
          ...common,
          size: 46,
          space: 32,
          label: unit,
          values: (_plot, splits) => splits.map((y) => y === null ? "" : tick(y)),
          ...(this.#spec.logarithmic ? { filter: few, grid: { ...rule, filter: few }, ticks: { show: false } } : {}),
        },
      ],
      series: [{}, ...lines.map((line) => series(line))],
    };
  }
}

function series(line: LineSpec): uPlot.Series {
  return {
    stroke: () => colour(line.colour),
    width: line.marked ? 2 : 1.5,
    spanGaps: true,
    ...(line.dash ? { dash: line.dash } : {}),
    points: {
      size: 5,
      fill: () => colour(line.colour),
      show: (plot, index) => line.marked === true && known(plot.data[index] ?? []) <= MARKERS_AT_MOST,
    },
  };
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
