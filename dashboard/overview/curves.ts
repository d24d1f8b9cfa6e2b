/** Draws loss and accuracy of the run: training smoothed, with the raw values behind it, and validation. */
import { type Signal, useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { curvesCsv, placeOfEpoch, riseText, servedEpoch, smooth } from "../../lib/report/curves.ts";
import { EPOCHS, PROGRESS, type RunView, setting } from "../../lib/report/run_view.ts";
import { AxisChoice, Chart } from "../charts/chart.ts";
import { ACCURACY, type Axis, type Line, LOG_LOSS, LOSS, type Plot } from "../charts/plot.ts";
import { Save, Switch } from "../ui/card.ts";

export function Curves(
  { view, axis }: { readonly view: RunView; readonly axis: Signal<Axis> },
): ComponentChildren {
  const isLog = useSignal(false);
  const zoom: NonNullable<Plot["zoom"]> = useSignal(undefined);
  const served = servedEpoch(view);
  const at = served && placeOfEpoch(view, served, axis.value);
  const marks = at === undefined ? [] : [{ at, name: `epoch ${served} is served` }];
  const shared = { axis: axis.value, zoom, marks, missing: "Waiting for the first round" };
  const rise = riseText(view);
  const all = markup`<button type="button" class="plain" onClick=${() => zoom.value = undefined}>All steps</button>`;
  const save = h(Save, { name: `${view.run}.csv`, text: () => curvesCsv(view) });
  const loss = {
    id: "loss",
    title: "Loss",
    label: "Loss on training rows and validation rows",
    measure: isLog.value ? LOG_LOSS : LOSS,
    lines: linesOf(view, "loss", axis.value),
    head: h(Switch, { id: "logarithmic", text: "logarithmic", isOn: isLog.value, set: (isOn) => isLog.value = isOn }),
  };
  const accuracy = {
    id: "accuracy",
    title: "Accuracy",
    label: "Accuracy on training rows and validation rows, and the target",
    measure: ACCURACY,
    lines: linesOf(view, "accuracy", axis.value),
    head: markup`${zoom.value && all}${save}${h(AxisChoice, { axis })}`,
  };
  return markup`
    ${h(Chart, { ...shared, ...loss }, rise !== "" && markup`<p id="rise" class="hint">${rise}</p>`)}
    ${h(Chart, { ...shared, ...accuracy })}`;
}

function linesOf(view: RunView, key: "loss" | "accuracy", axis: Axis): Line[] {
  const x = view.progress.column(PROGRESS[axis]);
  const y = view.progress.column(PROGRESS[key]);
  const end = Math.max(view.progress.last(PROGRESS[axis]) || 0, view.epochs.last(EPOCHS[axis]) || 0);
  // A level line from the first step to the last; none at 0.
  const level = (label: string, colour: Line["colour"], height = 0): Line[] => {
    const isDrawn = height > 0 && end > 0;
    return isDrawn
      ? [{ label, colour, dash: [5, 4], x: Float64Array.of(0, end), y: Float64Array.of(height, height) }]
      : [];
  };
  const validation = { x: view.epochs.column(EPOCHS[axis]), y: view.epochs.column(EPOCHS[key]) };
  return [
    { label: "training, raw", colour: "training", isRaw: true, x, y },
    { label: "training", colour: "training", x, y: smooth(y) },
    { label: "validation", colour: "validation", isMarked: true, ...validation },
    ...level("n-grams", "idle", view.baseline?.validation[key]),
    ...key === "accuracy" ? level("target", "third", setting(view, "targetAccuracy")) : [],
  ];
}
