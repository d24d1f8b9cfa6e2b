/// <reference lib="dom" />
/** Draws one chart: a plot, and a legend with the values at the pointer, or else the newest ones. */
import { type Signal, useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import { count, duration } from "../../lib/report/format.ts";
import { Card, Choice } from "../ui/card.ts";
import { align, type Axis, latest, optionsOf, type Plot, sizeOf } from "./plot.ts";

interface ChartProps extends Plot {
  readonly id: string;
  readonly title: string;
  /** Describes the plot to people who do not see it. */
  readonly label: string;
  /** The text in place of a chart without values. */
  readonly missing: string;
  /** The last values are no result: the legend has only those at the pointer. */
  readonly isPast?: boolean;
  readonly head?: ComponentChildren;
  readonly children?: ComponentChildren;
}

export function Chart(props: ChartProps): ComponentChildren {
  const { id, title, label, measure, lines, missing, head, children } = props;
  const room = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  // The plot's callbacks read the newest properties.
  const newest = useRef(props);
  newest.current = props;
  const pointer = useSignal<number | undefined>(undefined);
  const data = align(lines);
  useEffect(() => {
    const element = room.current!;
    const made = new uPlot(optionsOf(element, newest, pointer), data, element);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize(sizeOf(element)));
    resized.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => made.redraw(false, true);
    scheme.addEventListener("change", redraw);
    return () => {
      scheme.removeEventListener("change", redraw);
      resized.disconnect();
      made.destroy();
    };
  }, [measure, lines.map((line) => line.label).join()]);
  useEffect(() => plot.current?.setData(data));
  const isEmpty = data.slice(1).every((values) => values.every((value) => value === null));
  const plotted = useMemo(() => markup`<div ref=${room} class="plot" role="img" aria-label=${label}></div>`, [label]);
  const content = markup`${h(Legend, { ...props, data, pointer })}${plotted}${children}`;
  return h(Card, { id, title, empty: isEmpty ? missing : "", look: "chart", head, keeps: true }, content);
}

interface LegendProps extends ChartProps {
  readonly data: ReturnType<typeof align>;
  readonly pointer: Signal<number | undefined>;
}

/** Lists the lines that have values, with those at the pointer. */
function Legend(
  { measure, lines, data, axis, axisName = "step", pointer, isPast = false }: LegendProps,
): ComponentChildren {
  const at = pointer.value ?? Infinity;
  const x = data[0][at];
  const items = lines.map(({ label, colour, dash, isRaw }, index) => {
    const value = latest(data[index + 1]!, at);
    if (isRaw || value === null) return null;
    const shown = isPast && x === undefined ? "" : measure.text(value);
    return markup`<li key=${label}><span class="mark ${colour} ${dash && "dashed"}"></span>${label}${" "}<span
      class="value">${shown}</span></li>`;
  });
  const where = x === undefined
    ? null
    : markup`<li>${axis === "step" ? `${axisName} ${count(x)}` : `at ${duration(x)}`}</li>`;
  return markup`<ul class="legend">${items}${where}</ul>`;
}

/** Chooses the horizontal axis of all curves. */
export function AxisChoice({ axis }: { readonly axis: Signal<Axis> }): ComponentChildren {
  const options = [["step", "step"], ["seconds", "time"]] as const;
  const choose = (value: Axis) => axis.value = value;
  return h(Choice<Axis>, { name: "axis", legend: "Charts by", value: axis.value, options, choose });
}
