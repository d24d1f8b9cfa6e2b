/** Compares the selected runs: what differs in their configs, then their results, then their curves. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { AxisChoice, Chart } from "../charts/chart.ts";
import { ACCURACY, LOSS } from "../charts/measures.ts";
import type { Axis, Line } from "../charts/plot.ts";
import { classDifferences, type Difference, differingKeys, results } from "../../lib/report/differences.ts";
import type { Selection } from "../state/selection.ts";
import { EPOCHS, type RunView } from "../../lib/report/run_view.ts";
import type { Store } from "../store.ts";
import { Card } from "../ui/card.ts";

/** Colour and dashes by slot: lines differ in both, so that either is enough to tell them apart. */
const LOOKS: readonly Pick<Line, "colour" | "dash">[] = [
  { colour: "training" },
  { colour: "validation", dash: [9, 4] },
  { colour: "third", dash: [3, 3] },
  { colour: "fourth", dash: [10, 3, 2, 3] },
  { colour: "ink", dash: [16, 5] },
];

/** Most classes that are compared. */
const MOST_CLASSES = 10;

interface CompareProps {
  readonly store: Store;
  readonly selection: Selection;
}

export function Compare({ store, selection }: CompareProps): ComponentChildren {
  const { runs, axis } = store;
  const view = store.view.value;
  const picked = selection.flatMap((id, slot) => id === "" ? [] : [{ id, slot }]);
  const ids = picked.map(({ id }) => id);
  const views = ids.map((id) => id === view.run ? view : runs.histories.value.get(id));
  const failed = ids.find((id) => runs.failed.value.has(id));
  const missing = ids.length === 0
    ? "Select runs below"
    : failed !== undefined
    ? `The events of run ${failed} cannot be read`
    : views.includes(undefined)
    ? "Loading"
    : "No epoch has ended yet";
  const chart = (key: "loss" | "accuracy", title: string) =>
    h(Chart, {
      id: `compare-${key}`,
      title,
      label: `${title} of the compared runs`,
      measure: key === "loss" ? LOSS : ACCURACY,
      group: "compare",
      lines: picked.map(({ id, slot }, at) => ({
        label: id,
        isMarked: true,
        ...LOOKS[slot] ?? LOOKS[0]!,
        ...pointsOf(views[at], key, axis.value),
      })),
      axis: axis.value,
      missing,
      head: key === "accuracy" ? h(AxisChoice, { axis }) : null,
    });
  return markup`
    ${picked.length > 1 ? h(Differences, { store, picked }) : null}
    ${chart("loss", "Validation loss")}
    ${chart("accuracy", "Validation accuracy")}`;
}

interface DifferencesProps {
  readonly store: Store;
  readonly picked: readonly { readonly id: string; readonly slot: number }[];
}

/** A column per run, and a row per config key or result; then a row per class. */
function Differences({ store, picked }: DifferencesProps): ComponentChildren {
  const known = picked.flatMap(({ id, slot }) => {
    const run = store.runs.known.value.get(id);
    return run ? [{ run, slot }] : [];
  });
  const details = known.map(({ run }) => run);
  const evaluations = details.map(({ id }) => {
    const both = store.runs.evaluations.value.get(id);
    return both?.test ?? both?.validation;
  });
  const keys = differingKeys(details);
  const classes = evaluations.filter(Boolean).length > 1 ? classDifferences(evaluations, MOST_CLASSES) : [];
  const table = (labelledBy: string, rows: readonly Difference[]) =>
    markup`<div class="scroll" tabindex="0" role="group" aria-labelledby=${labelledBy}>
      <table class="differences"><thead><tr><td></td>${
      known.map(({ run, slot }) =>
        markup`<th key=${run.id} scope="col"><span class="mark ${LOOKS[slot]?.colour}"></span>${run.id}</th>`
      )
    }</tr></thead><tbody>${
      rows.map(({ name, values }) =>
        markup`<tr key=${name}><th scope="row">${name}</th>${values.map((value) => markup`<td>${value}</td>`)}</tr>`
      )
    }</tbody></table></div>`;
  return h(
    Card,
    { id: "differences", title: "What differs", empty: known.length < 2 ? "Loading" : "" },
    markup`
    ${keys.length === 0 ? markup`<p class="hint">The configs are equal.</p>` : null}
    ${table("differences-title", [...keys, ...results(details)])}
    ${
      classes.length === 0
        ? null
        : markup`<h3 id="class-differences">F1 by class, the greatest difference first</h3>${
          table("class-differences", classes)
        }`
    }`,
  );
}

function pointsOf(view: RunView | undefined, key: "loss" | "accuracy", axis: Axis): Pick<Line, "x" | "y"> {
  if (!view) return { x: new Float64Array(), y: new Float64Array() };
  return { x: view.epochs.column(EPOCHS[axis]), y: view.epochs.column(EPOCHS[key]) };
}
