/** Draws the accuracy of runs that continue from one another over the number of labels that they were trained on. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useEffect } from "preact/hooks";
import { count, percent } from "../../lib/report/format.ts";
import { type Lineage, lineageOf } from "../../lib/report/lineage.ts";
import type { RunDetail } from "../../lib/run/types.ts";
import { difference } from "../../lib/report/quality.ts";
import { runDetail } from "../api.ts";
import { Chart } from "../charts/chart.ts";
import { ACCURACY, type Line } from "../charts/plot.ts";
import type { Store } from "../store.ts";
import { Short } from "../ui/card.ts";
import { Numbers } from "../ui/table.ts";

export function LabelCurve({ store }: { readonly store: Store }): ComponentChildren {
  const earlier = useSignal<readonly RunDetail[]>([]);
  const { run: id, summary = null } = store.view.value;
  const runs = [{ id, summary }, ...store.finished.value.value?.runs ?? [], ...earlier.value];
  const { generations, missing } = lineageOf(runs, id);
  // The list has only the newest runs. One that was removed is not found.
  const isListed = store.finished.value.value !== undefined;
  useEffect(() => {
    if (!isListed || missing === undefined) return;
    runDetail(missing).then((run) => earlier.value = [...earlier.peek(), run], () => {});
  }, [missing, isListed]);
  return h(LabelCurveCard, { generations });
}

/** The card; without a run that continues from another one, there is none. */
export function LabelCurveCard({ generations }: Pick<Lineage, "generations">): ComponentChildren {
  if (generations.length < 2) return null;
  const known = generations.filter(({ total }) => total !== undefined);
  const x = Float64Array.from(known, ({ total }) => total!);
  const line = (label: string, look: Pick<Line, "colour" | "dash">, key: "before" | "after" | "test"): Line => {
    return { label, ...look, isMarked: true, x, y: Float64Array.from(known, (one) => one[key] ?? NaN) };
  };
  const lines = [
    line("validation", { colour: "training" }, "after"),
    line("the run before, on the same rows", { colour: "validation", dash: [6, 3] }, "before"),
    line("test", { colour: "third", dash: [3, 3] }, "test"),
  ];
  const isTested = generations.some(({ test }) => test !== undefined);
  const columns = ["run", "new labels", "labels", "before", "accuracy", "change", ...isTested ? ["test"] : []];
  const rows = generations.map(({ run, added, total, before, after, test }) => [
    h(Short, { text: run }),
    ...[added, total].map(count),
    ...[before, after].map((value) => percent(value)),
    before === undefined ? "–" : difference(before, after),
    ...isTested ? [percent(test)] : [],
  ]);
  const shared = { axis: "step", axisName: "labels", group: "labels", measure: ACCURACY } as const;
  return h(
    Chart,
    {
      ...shared,
      id: "label-curve",
      title: "Accuracy by number of labels",
      label: "Accuracy of runs that continue from one another, by their number of labels; the table has the numbers",
      lines,
      missing: "The number of labels of the first run is not known",
    },
    markup`<p class="hint">Each run is measured on the validation rows of all runs until it, and so is the one before.</p>
    ${h(Numbers, { labelledBy: "label-curve-title", columns, rows })}`,
  );
}
