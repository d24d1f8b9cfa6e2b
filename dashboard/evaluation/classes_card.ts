/** Precision, recall and F1 of each class, sorted by any of them. */
import { counted } from "../../lib/base/counted.ts";
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { worstFirst } from "../../lib/report/outcome.ts";
import type { Evaluation } from "../../lib/model/evaluation.ts";
import { count, percent } from "../../lib/report/format.ts";
import { Card, Short } from "../ui/card.ts";

type Class = Evaluation["classes"][number];
type Column = Exclude<keyof Class, "threshold">;

/** Most classes that are listed. */
const MOST = 200;

const COLUMNS: readonly (readonly [Column, string])[] = [
  ["label", "class"],
  ["precision", "precision"],
  ["recall", "recall"],
  ["f1", "F1"],
  ["support", "rows"],
];

export function ClassesCard({ classes }: { readonly classes: readonly Class[] }): ComponentChildren {
  const by = useSignal<Column>("f1");
  const isReversed = useSignal(false);
  const sort = (column: Column) => () => {
    isReversed.value = column === by.value && !isReversed.value;
    by.value = column;
  };
  const sorted = sortClasses(classes, by.value);
  const rows = isReversed.value ? sorted.toReversed() : sorted;
  const left = classes.length - MOST;
  const direction = isReversed.value ? "descending" : "ascending";
  const title = left > 0 ? markup`By class <span class="at">and ${counted(left, "more class")}</span>` : "By class";
  return h(
    Card,
    { id: "evaluation-classes", title },
    markup`
    <div class="scroll tall" tabindex="0" role="group" aria-labelledby="evaluation-classes-title">
      <table>
        <thead><tr>${
      COLUMNS.map(([column, name]) =>
        markup`<th key=${column} scope="col" class=${column === "label" ? "" : "number"}
        aria-sort=${column === by.value ? direction : undefined}>
        <button type="button" class="sort" onClick=${sort(column)}>${name}</button></th>`
      )
    }</tr></thead>
        <tbody id="class-rows">${rows.slice(0, MOST).map(ClassRow)}</tbody>
      </table>
    </div>`,
  );
}

function ClassRow({ label, precision, recall, f1, support }: Class): ComponentChildren {
  const shares = [precision, recall, f1].map((share) => percent(support > 0 ? share : undefined, 1));
  return markup`<tr key=${label}><th scope="row">${h(Short, { text: label })}</th>
    ${shares.map((share) => markup`<td class="number">${share}</td>`)}<td class="number">${count(support)}</td></tr>`;
}

/** Sorts by a column, the lowest first; of equal F1, classes with more rows come first. */
export function sortClasses(classes: readonly Class[], by: Column): Class[] {
  if (by === "f1") return worstFirst(classes);
  if (by === "label") return classes.toSorted((a, b) => a.label.localeCompare(b.label, "en"));
  return classes.toSorted((a, b) => a[by] - b[by]);
}
