/** Compares several runs: what differs in their configs, then their curves, results and classes. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { classDifferences, type Difference, differingKeys } from "../../lib/report/differences.ts";
import { results, titleOf } from "../../lib/report/run_columns.ts";
import { EPOCHS } from "../../lib/report/run_view.ts";
import { AxisChoice, Chart } from "../charts/chart.ts";
import { ACCURACY, type Line, LOG_LOSS, LOSS, type Plot } from "../charts/plot.ts";
import type { Selection } from "../state/address.ts";
import type { Store } from "../store.ts";
import { Card, Switch } from "../ui/card.ts";
import { Numbers } from "../ui/table.ts";

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

export function Compare(
  { store, selection }: { readonly store: Store; readonly selection: Selection },
): ComponentChildren {
  const { runs, axis } = store;
  const isLog = useSignal(false);
  const zoom: NonNullable<Plot["zoom"]> = useSignal(undefined);
  const shown = store.view.value;
  const picked = selection.flatMap((id, slot) => {
    const { view, ...known } = runs.compared.value.get(id) ?? {};
    return id === "" ? [] : [{ id, slot, ...known, view: id === shown.run ? shown : view }];
  });
  const failed = picked.find(({ isFailed }) => isFailed);
  const isLoading = picked.some(({ view }) => view === undefined);
  const missing = failed ? `Run ${failed.id} cannot be read` : isLoading ? "Loading" : "No epoch has ended yet";
  const linesOf = (key: "loss" | "accuracy") =>
    picked.map(({ id, slot, run, view }): Line => ({
      label: run ? titleOf(run) : id,
      isMarked: true,
      ...LOOKS[slot] ?? LOOKS[0]!,
      x: view?.epochs.column(EPOCHS[axis.value]) ?? new Float64Array(),
      y: view?.epochs.column(EPOCHS[key]) ?? new Float64Array(),
    }));
  const chart = (key: "loss" | "accuracy", measure: Plot["measure"], head: ComponentChildren) => {
    const title = `Validation ${key}`;
    const shared = { axis: axis.value, zoom, group: "compare", missing, label: `${title} of the compared runs` };
    return h(Chart, { ...shared, id: `compare-${key}`, title, measure, lines: linesOf(key), head });
  };
  const log = { id: "compare-log", text: "logarithmic", isOn: isLog.value, set: (isOn: boolean) => isLog.value = isOn };
  const all = markup`<button type="button" class="plain" onClick=${() => zoom.value = undefined}>All steps</button>`;
  const details = picked.flatMap(({ run }) => run ?? []);
  const classes = classDifferences(
    picked.map(({ evaluations }) => evaluations?.test ?? evaluations?.validation),
    picked.filter(({ evaluations }) => evaluations).length > 1 ? MOST_CLASSES : 0,
  );
  const columns = ["", ...details.map(titleOf)];
  const table = (id: string, title: string, all: readonly Difference[], none: string) => {
    const empty = details.length < picked.length ? "Loading" : all.length === 0 ? none : "";
    const rows = all.map(({ name, values }) => [name, ...values]);
    return h(Card, { id, title, empty }, h(Numbers, { labelledBy: `${id}-title`, columns, rows }));
  };
  return markup`
    ${table("differences", "What differs", differingKeys(details), "The configs are equal")}
    ${chart("loss", isLog.value ? LOG_LOSS : LOSS, h(Switch, log))}
    ${chart("accuracy", ACCURACY, markup`${zoom.value && all}${h(AxisChoice, { axis })}`)}
    ${table("results", "Results", results(details), "No run has ended yet")}
    ${table("class-differences", "F1 by class, the greatest difference first", classes, "No classes yet")}`;
}
