/** The whole confusion matrix, and the most confident mistakes: all, or those of one cell or one class. */
import { counted } from "../../lib/base/counted.ts";
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedEvent } from "preact";
import { useMemo } from "preact/hooks";
import type { Evaluation } from "../../lib/model/evaluation.ts";
import { Card } from "../ui/card.ts";
import { ConfusedPairs, ConfusionTable, type Pair } from "./confusion_table.ts";
import { Mistake } from "./mistake.ts";

/** Number of pairs that are listed if there is no matrix: the server sends none of more than 100 classes. */
const PAIRS = 30;

export function ConfusionCard({ evaluation }: { readonly evaluation: Evaluation }): ComponentChildren {
  const chosen = useSignal<Pair | undefined>(undefined);
  const only = useSignal("");
  const labels = evaluation.classes.map(({ label }) => label);
  const pair = chosen.value;
  const choose = (next: Pair) => {
    const isSame = next.label === chosen.peek()?.label && next.given === chosen.peek()?.given;
    chosen.value = isSame ? undefined : next;
    only.value = "";
  };
  // A matrix of 100 classes is not compared with itself for each new message.
  const matrix = useMemo(() => h(ConfusionTable, { evaluation, labels, chosen: pair, choose }), [evaluation, pair]);
  const shown = evaluation.mistakes.filter(({ label, given }) =>
    pair ? label === labels[pair.label] && given === labels[pair.given] : only.value === "" || label === only.value
  );
  const wrong = [...new Set(evaluation.mistakes.map(({ label }) => label))].sort();
  const filter = markup`<label class="filter"><span>Class</span>${" "}<select id="mistake-class" value=${only.value}
    onChange=${(event: TargetedEvent<HTMLSelectElement>) => {
    only.value = event.currentTarget.value;
    chosen.value = undefined;
  }}><option value="">any</option>${wrong.map((label) => markup`<option key=${label} value=${label}>${label}</option>`)}
    </select></label>`;
  return markup`
    ${
    h(
      Card,
      { id: "confusion", title: "Confusion" },
      markup`
      <p id="confusion-note" class="hint">${
        evaluation.confusion
          ? "Rows are actual classes, columns are predicted classes. Choose a number to see its mistakes."
          : `${counted(labels.length, "class")}. The most confused pairs:`
      }</p>
      ${evaluation.confusion ? matrix : h(ConfusedPairs, { id: "confusion-pairs", evaluation, labels, most: PAIRS })}`,
    )
  }
    ${
    h(
      Card,
      { id: "mistakes", title: "Most confident mistakes", head: filter },
      markup`
      <p id="mistakes-note" class="hint" role="status">${noteOf(evaluation, pair, labels, shown.length)}</p>
      <ol id="mistake-rows" class="mistakes" tabindex="0" aria-labelledby="mistakes-title">${
        shown.map((mistake) => h(Mistake, { key: mistake.place, ...mistake }))
      }</ol>`,
    )
  }`;
}

function noteOf({ mistakes }: Evaluation, pair: Pair | undefined, labels: readonly string[], shown: number): string {
  if (mistakes.length === 0) return "No mistakes";
  const what = pair ? `, ${labels[pair.label]} predicted as ${labels[pair.given]}` : "";
  return `${shown} of the ${counted(mistakes.length, "mistake that is", "mistakes that are")} kept${what}`;
}
