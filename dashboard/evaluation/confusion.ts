/// <reference lib="dom" />
/** Shows what the model confuses: the matrix of classes, the most confused pairs, and mistakes with their texts. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useContext, useEffect, useMemo, useRef } from "preact/hooks";
import { counted } from "../../lib/base/counted.ts";
import type { Evaluation } from "../../lib/model/evaluation.ts";
import { type Cell, matrixOf, worstMixups, wrongRows } from "../../lib/report/evaluation/confusion.ts";
import { count, percent } from "../../lib/report/format.ts";
import { Card, Field, Short } from "../ui/card.ts";
import { Coloured, Explained } from "../ui/reasons.ts";

/** Classes of the rows and classes that they were given, by name; undefined for any. */
type Filter = { readonly [Key in "label" | "given"]?: string | undefined };

/** Number of pairs that are listed if there is no matrix: the server sends none of more than 200 classes. */
const PAIRS = 30;

/** The whole matrix, and the most confident mistakes: all, or those of a class or of a cell. */
export function ConfusionCards({ evaluation }: { readonly evaluation: Evaluation }): ComponentChildren {
  const { confusion, mixups, mistakes, classes } = evaluation;
  const filter = useSignal<Filter>({});
  const { label, given } = filter.value;
  const labels = classes.map((one) => one.label);
  const choose = (pair: Filter) => void (filter.value = pair);
  // A matrix of 200 classes is not compared with itself for each new message.
  const matrix = useMemo(
    () =>
      confusion
        ? h(ConfusionTable, { evaluation, labels, chosen: filter.value, choose })
        : h(ConfusedPairs, { id: "confusion-pairs", evaluation, labels, most: PAIRS }),
    [evaluation, filter.value],
  );
  const shown = mistakes.filter((one) => (label ?? one.label) === one.label && (given ?? one.given) === one.given);
  const all = wrongRows(evaluation, label, given) ?? shown.length;
  const select = (key: keyof Filter, name: string) => {
    const text = filter.value[key] ?? "";
    const options = [...new Set([text, ...mistakes.map((one) => one[key])])].filter((one) => one !== "").sort();
    const set = (text: string) => choose({ ...filter.value, [key]: text || undefined });
    return h(Field, { id: `mistake-${key}`, label: name, kind: "choice", placeholder: "any", options, text, set });
  };
  const note = confusion
    ? "Rows are actual classes, columns are predicted classes. Choose a number to see its mistakes."
    : `${counted(labels.length, "class")}. The most confused pairs:`;
  const head = markup`${select("label", "Class")}${select("given", "Predicted")}`;
  const kept = `${shown.length < all ? `${shown.length} of ` : ""}${counted(all, "mistake")}, the most confident first`;
  const shades = useContext(Explained) ? ". Shaded words speak for the wrong answer, underlined ones against it" : "";
  const rows = shown.map((one) => h(Mistake, { key: one.place, ...one }));
  const list = markup`<p id="mistakes-note" class="hint" role="status">${kept}${shades}</p>
    <ol id="mistake-rows" class="mistakes" tabindex="0" aria-labelledby="mistakes-title">${rows}</ol>`;
  const pairs = markup`<p id="confusion-note" class="hint">${note}</p>${matrix}`;
  return [
    // There are none where a row may have several labels.
    (confusion ?? mixups) && h(Card, { id: "confusion", title: "Confusion" }, pairs),
    h(Card, { id: "mistakes", title: "Mistakes", head }, list),
  ];
}

interface ConfusionProps {
  readonly evaluation: Pick<Evaluation, "confusion" | "mixups">;
  readonly labels: readonly string[];
  /** The pair whose rows are shown. */
  readonly chosen?: Filter;
  /** Called for a cell with rows; without it the cells are no buttons. */
  readonly choose?: (pair: Filter) => void;
}

/** With more classes than this the names of the columns are vertical, and the classes are sorted by similarity. */
const FEW = 8;

/** The confusion matrix, each cell shaded by its share of the row. */
export function ConfusionTable({ evaluation, labels, chosen, choose }: ConfusionProps): ComponentChildren {
  const isDense = labels.length > FEW;
  const { order, rows } = matrixOf(evaluation.confusion ?? [], isDense);
  const name = (index: number) => h(Short, { text: labels[index]! });
  const cell = (row: number, { given: column, gap, rows, share, shade }: Cell) => {
    const [label, given, isRight] = [labels[row], labels[column], row === column];
    const title = `${label} predicted as ${given}: ${counted(rows, "row")}, ${percent(share, 1)}`;
    const isChosen = label === chosen?.label && given === chosen?.given;
    const click = () => choose!(isChosen ? {} : { label, given });
    const button = () =>
      markup`<button type="button" aria-pressed=${isChosen} title=${title} onClick=${click}>${count(rows)}</button>`;
    return markup`${gap > 0 && markup`<td colspan=${gap}></td>`}<td class=${isRight ? "right" : "wrong"} title=${title}
      style="--shade: ${shade.toFixed(3)}">${choose && !isRight ? button() : count(rows)}</td>`;
  };
  const heads = order.map((index) => markup`<th key=${index} scope="col">${name(index)}</th>`);
  const body = rows.map(({ label, cells, rest }) =>
    markup`<tr key=${label}><th scope="row">${name(label)}</th>${cells.map((one) => cell(label, one))}${
      rest > 0 && markup`<td colspan=${rest}></td>`
    }</tr>`
  );
  return markup`
    <div class="scroll matrix" tabindex="0" role="group" aria-label="Confusion matrix">
      <table id="confusion-table" class="confusion" data-dense=${String(isDense)}>
        <thead><tr><td class="corner">actual ↓ · predicted →</td>${heads}</tr></thead><tbody>${body}</tbody>
      </table>
    </div>`;
}

/** The pairs of classes that are confused most. */
export function ConfusedPairs(
  { id, evaluation, labels, most }: ConfusionProps & { readonly id: string; readonly most: number },
): ComponentChildren {
  const pairs = (evaluation.mixups ?? worstMixups(evaluation.confusion ?? [], most)).slice(0, most);
  const name = (index: number) => h(Short, { text: labels[index]! });
  const items = pairs.map(({ label, given, rows }) =>
    markup`<li key="${label} ${given}"><span class="pair">${name(label)} predicted as ${name(given)}</span>
      <span class="value">${counted(rows, "row")}</span></li>`
  );
  return markup`<ol id=${id} class="pairs">${items.length === 0 ? markup`<li>None</li>` : items}</ol>`;
}

/** A row that the model got wrong: where it is, its text, its class and the one that was predicted, if possible with reasons. */
export function Mistake({ place, text, label, given, confidence }: Evaluation["mistakes"][number]): ComponentChildren {
  const explainer = useContext(Explained);
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (!explainer) return undefined;
    const observer = new IntersectionObserver((seen) => void explainer.show(text, seen.at(-1)!.isIntersecting));
    observer.observe(item.current!);
    return () => {
      observer.disconnect();
      void explainer.show(text, false);
    };
  }, [explainer, text]);
  const reasons = explainer?.of(text).value;
  // The model may read more of the row than this text.
  const shown = reasons?.label === given ? h(Coloured, { text, reasons }) : text;
  const [actual, predicted] = [h(Short, { text: label, look: "actual" }), h(Short, { text: given, look: "predicted" })];
  return markup`<li ref=${item}><p class="verdict">${actual}${" predicted as "}${predicted}${` (${
    percent(confidence)
  }) `}<span
    class="place">${place}</span></p><p class="text">${shown}</p></li>`;
}
