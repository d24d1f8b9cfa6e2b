/// <reference lib="dom" />
/** Shows the confusion matrix, each cell shaded by its share of the row, or the most confused pairs of too many classes. */
import { counted } from "../../lib/base/counted.ts";
import type { Evaluation } from "../../lib/model/evaluation.ts";
import { cellsOf, MOST_CLASSES, worstMixups } from "../state/confusion.ts";
import { byId, create, setText, short } from "../page/dom.ts";
import { count, percent } from "../state/format.ts";

/** Number of pairs that are listed if the matrix would be too large. */
const PAIRS = 15;

export class ConfusionTable {
  readonly #table = byId("confusion-table", HTMLTableElement);
  readonly #note = byId("confusion-note", HTMLElement);
  readonly #pairs = byId("confusion-pairs", HTMLOListElement);

  draw(labels: readonly string[], evaluation: Pick<Evaluation, "confusion" | "mixups">): void {
    const isLarge = labels.length > MOST_CLASSES;
    const large = "The most confused pairs:";
    const small =
      "Rows are actual classes, columns are predicted classes. The stronger the shade, the larger the share of the row.";
    setText(this.#note, isLarge ? `${counted(labels.length, "class")}. ${large}` : small);
    this.#table.hidden = isLarge;
    this.#table.parentElement!.hidden = isLarge;
    this.#pairs.hidden = !isLarge;
    if (isLarge) {
      this.#pairs.replaceChildren(...confusedPairs(labels, evaluation, PAIRS));
      return;
    }
    this.#table.dataset["dense"] = String(labels.length > 8);
    this.#table.tHead?.replaceChildren(create("tr", "", corner(), ...labels.map((label) => heading(label, "col"))));
    this.#table.tBodies[0]?.replaceChildren(
      ...cellsOf(evaluation.confusion ?? []).map((cells, label) =>
        create(
          "tr",
          "",
          heading(labels[label] ?? "", "row"),
          ...cells.map(({ rows, share, shade, right }, given) => {
            const cell = create("td", right ? "right" : "wrong", rows === 0 ? "·" : count(rows));
            cell.style.setProperty("--shade", shade.toFixed(3));
            cell.title = `${labels[label]} predicted as ${labels[given]}: ${counted(rows, "row")}, ${
              percent(share, 1)
            }`;
            return cell;
          }),
        )
      ),
    );
  }
}

/** Lists the pairs of classes that are confused most, at most `most`. */
export function confusedPairs(
  labels: readonly string[],
  { confusion = [], mixups }: Pick<Evaluation, "confusion" | "mixups">,
  most: number,
): HTMLElement[] {
  return (mixups ?? worstMixups(confusion, most)).slice(0, most).map(({ label, given, rows }) => {
    const names = [short(labels[label] ?? ""), " predicted as ", short(labels[given] ?? "")];
    return create("li", "", create("span", "pair", ...names), create("span", "value", counted(rows, "row")));
  });
}

function corner(): HTMLElement {
  return create("td", "corner", "actual ↓ · predicted →");
}

function heading(label: string, scope: "col" | "row"): HTMLElement {
  const cell = create("th", scope, short(label));
  cell.scope = scope;
  return cell;
}
