/** The confusion matrix, each cell shaded by its share of the row, or the most confused pairs of too many classes. */
import { counted } from "../../lib/base/counted.ts";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { Evaluation } from "../../lib/model/evaluation.ts";
import { bySimilarity, type Cell, cellsOf, worstMixups } from "../../lib/report/confusion.ts";
import { count, percent } from "../../lib/report/format.ts";
import { Short } from "../ui/card.ts";

/** A pair of classes, by their places in `classes`. */
export interface Pair {
  readonly label: number;
  readonly given: number;
}

interface ConfusionProps {
  readonly evaluation: Pick<Evaluation, "confusion" | "mixups">;
  readonly labels: readonly string[];
  /** The pair whose rows are shown. */
  readonly chosen?: Pair | undefined;
  /** Called for a cell with rows; without it the cells are no buttons. */
  readonly choose?: (pair: Pair) => void;
}

/** With more classes than this the names of the columns are vertical, and the classes are sorted by similarity. */
const FEW = 8;

export function ConfusionTable({ evaluation, labels, chosen, choose }: ConfusionProps): ComponentChildren {
  const { confusion = [] } = evaluation;
  const isDense = labels.length > FEW;
  const order = isDense ? bySimilarity(confusion) : labels.map((_, label) => label);
  const cells = cellsOf(confusion);
  const cell = (label: number, given: number, { rows, share, shade, right }: Cell) => {
    const isChosen = label === chosen?.label && given === chosen.given;
    const title = `${labels[label]} predicted as ${labels[given]}: ${counted(rows, "row")}, ${percent(share, 1)}`;
    const content = rows === 0
      ? "·"
      : choose && !right
      ? markup`<button type="button" aria-pressed=${isChosen} title=${title}
          onClick=${() => choose({ label, given })}>${count(rows)}</button>`
      : count(rows);
    return markup`<td key=${given} class=${right ? "right" : "wrong"} title=${title}
      style="--shade: ${shade.toFixed(3)}">${content}</td>`;
  };
  return markup`
    <div class="scroll" tabindex="0" role="group" aria-label="Confusion matrix">
      <table id="confusion-table" class="confusion" data-dense=${String(isDense)}>
        <thead><tr><td class="corner">actual ↓ · predicted →</td>${
    order.map((given) => markup`<th key=${given} scope="col">${h(Short, { text: labels[given] ?? "" })}</th>`)
  }</tr></thead>
        <tbody>${
    order.map((label) =>
      markup`<tr key=${label}><th scope="row">${h(Short, { text: labels[label] ?? "" })}</th>${
        order.map((given) => cell(label, given, cells[label]![given]!))
      }</tr>`
    )
  }</tbody>
      </table>
    </div>`;
}

interface PairsProps extends Pick<ConfusionProps, "evaluation" | "labels"> {
  readonly id: string;
  readonly most: number;
}

/** The pairs of classes that are confused most. */
export function ConfusedPairs(
  { id, evaluation: { confusion = [], mixups }, labels, most }: PairsProps,
): ComponentChildren {
  const pairs = (mixups ?? worstMixups(confusion, most)).slice(0, most);
  return markup`<ol id=${id} class="pairs">${pairs.length === 0 ? markup`<li>None</li>` : null}${
    pairs.map(({ label, given, rows }) =>
      markup`<li key="${label} ${given}"><span class="pair">${
        h(Short, { text: labels[label] ?? "" })
      }${" predicted as "}${h(Short, { text: labels[given] ?? "" })}</span><span class="value">${
        counted(rows, "row")
      }</span></li>`
    )
  }</ol>`;
}
