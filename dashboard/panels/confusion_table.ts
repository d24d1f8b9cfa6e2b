/// <reference lib="dom" />
/** The confusion matrix: a table whose cells are shaded by their share of the row; of too many classes the worst pairs. */
import { counted } from "../../lib/base/counted.ts";
import type { Evaluation } from "../../lib/model/evaluation.ts";
import { cellsOf, MOST_CLASSES, worstMixups } from "../state/confusion.ts";
import { byId, create, setText, short } from "../page/dom.ts";
import { count, percent } from "../state/format.ts";

/** Pairs that stand for a table that would be too large. */
const PAIRS = 15;

export class ConfusionTable {
  readonly #table = byId("confusion-table", HTMLTableElement);
  readonly #note = byId("confusion-note", HTMLElement);
  readonly #pairs = byId("confusion-pairs", HTMLOListElement);

  draw(labels: readonly string[], { confusion = [], mixups }: Pick<Evaluation, "confusion" | "mixups">): void {
    const isLarge = labels.length > MOST_CLASSES;
    const large = "A table of them cannot be read. These are mixed up most:";
    const small =
      "A row for each class, a column for what its rows were given. The stronger its shade, the larger its share of the row.";
    setText(this.#note, isLarge ? `${counted(labels.length, "class")}. ${large}` : small);
    this.#table.hidden = isLarge;
    this.#table.parentElement!.hidden = isLarge;
    this.#pairs.hidden = !isLarge;
    if (isLarge) {
      this.#pairs.replaceChildren(
        ...(mixups ?? worstMixups(confusion, PAIRS)).slice(0, PAIRS).map(({ label, given, rows }) => {
          const names = [short(labels[label] ?? ""), " given ", short(labels[given] ?? "")];
          return create("li", "", create("span", "pair", ...names), create("span", "value", count(rows)));
        }),
      );
      return;
    }
    this.#table.dataset["dense"] = String(labels.length > 8);
    this.#table.tHead?.replaceChildren(create("tr", "", corner(), ...labels.map((label) => heading(label, "col"))));
    this.#table.tBodies[0]?.replaceChildren(
      ...cellsOf(confusion).map((cells, label) =>
        create(
          "tr",
          "",
          heading(labels[label] ?? "", "row"),
          ...cells.map(({ rows, share, shade, right }, given) => {
            const cell = create("td", right ? "right" : "wrong", rows === 0 ? "·" : count(rows));
            cell.style.setProperty("--shade", shade.toFixed(3));
            cell.title = `${labels[label]} given ${labels[given]}: ${counted(rows, "row")}, ${percent(share, 1)}`;
            return cell;
          }),
        )
      ),
    );
  }
}

function corner(): HTMLElement {
  return create("td", "corner", "is ↓ · given →");
}

function heading(label: string, scope: "col" | "row"): HTMLElement {
  const cell = create("th", scope, short(label));
  cell.scope = scope;
  return cell;
}
