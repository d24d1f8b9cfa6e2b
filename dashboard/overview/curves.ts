/// <reference lib="dom" />
/** Draws loss and accuracy of the run: training smoothed, with the raw values behind it, and validation. */
import { type Signal, useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { Line } from "../charts/align.ts";
import { type Axis, Chart, type ChartSpec, type LineSpec, type Zoom } from "../charts/chart.ts";
import { ACCURACY, LOSS } from "../charts/specs.ts";
import { curvesCsv, placeOfEpoch, riseText, servedEpoch, smooth } from "../../lib/report/curves.ts";
import { EPOCHS, PROGRESS, type RunView, setting } from "../../lib/report/run_view.ts";
import { Choice } from "../ui/card.ts";

const DASHED = [5, 4];
const LINES: readonly LineSpec[] = [
  { label: "training, raw", colour: "training", isRaw: true },
  { label: "training", colour: "training" },
  { label: "validation", colour: "validation", marked: true },
  { label: "n-grams", colour: "idle", dash: DASHED, optional: true },
];
const SPECS = {
  loss: { ...LOSS, lines: LINES },
  logLoss: { ...LOSS, lines: LINES, logarithmic: true },
  accuracy: {
    ...ACCURACY,
    lines: [...LINES, { label: "target", colour: "third", dash: DASHED, optional: true }],
  },
} as const satisfies Record<string, ChartSpec>;

interface CurvesProps {
  readonly view: RunView;
  readonly axis: Signal<Axis>;
}

export function Curves({ view, axis }: CurvesProps): ComponentChildren {
  const isLog = useSignal(false);
  const zoom: Zoom = useSignal(undefined);
  const by = axis.value;
  const served = servedEpoch(view);
  const at = served === undefined ? undefined : placeOfEpoch(view, served, by);
  const mark = at === undefined ? undefined : { at, name: `epoch ${served} is served` };
  const shared = { axis: by, zoom, mark, missing: "Waiting for the first round" };
  const targetAccuracy = setting(view, "targetAccuracy");
  const rise = riseText(view);
  const reset = markup`<button type="button" class="plain" onClick=${() => zoom.value = undefined}>All steps</button>`;
  const log = markup`<label class="switch"><input type="checkbox" checked=${isLog.value}
    onChange=${() => isLog.value = !isLog.value} /><span>logarithmic</span></label>`;
  return markup`
    ${
    h(Chart, {
      ...shared,
      id: "loss",
      title: "Loss",
      label: "Loss on training rows and validation rows",
      spec: isLog.value ? SPECS.logLoss : SPECS.loss,
      lines: [...linesOf(view, "loss", by), level(view, by, view.baseline?.validation.loss)],
      head: log,
    }, rise === "" ? null : markup`<p id="rise" class="hint">${rise}</p>`)
  }
    ${
    h(Chart, {
      ...shared,
      id: "accuracy",
      title: "Accuracy",
      label: "Accuracy on training rows and validation rows, and the target",
      spec: SPECS.accuracy,
      lines: [
        ...linesOf(view, "accuracy", by),
        level(view, by, view.baseline?.validation.accuracy),
        level(view, by, targetAccuracy),
      ],
      head: markup`${zoom.value ? reset : null}<button type="button" class="link" onClick=${() =>
        save(view)}>CSV</button>${h(AxisChoice, { axis })}`,
    })
  }`;
}

/** Saves the points of the curves as a file. */
function save(view: RunView): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([curvesCsv(view)], { type: "text/csv" }));
  link.download = `${view.run}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Chooses the horizontal axis of all curves. */
export function AxisChoice({ axis }: Pick<CurvesProps, "axis">): ComponentChildren {
  return h(Choice<Axis>, {
    name: "axis",
    legend: "Charts by",
    value: axis.value,
    options: [["step", "step"], ["seconds", "time"]],
    choose: (value) => axis.value = value,
  });
}

function linesOf(view: RunView, key: "loss" | "accuracy", axis: Axis): Line[] {
  const x = view.progress.column(PROGRESS[axis]);
  const y = view.progress.column(PROGRESS[key]);
  return [{ x, y }, { x, y: smooth(y) }, { x: view.epochs.column(EPOCHS[axis]), y: view.epochs.column(EPOCHS[key]) }];
}

/** Returns a level line at `height` from the first step to the last; no line at 0. */
function level(view: RunView, axis: Axis, height = 0): Line {
  const end = Math.max(view.progress.last(PROGRESS[axis]) || 0, view.epochs.last(EPOCHS[axis]) || 0);
  if (height <= 0 || end === 0) return { x: new Float64Array(), y: new Float64Array() };
  return { x: Float64Array.of(0, end), y: Float64Array.of(height, height) };
}
