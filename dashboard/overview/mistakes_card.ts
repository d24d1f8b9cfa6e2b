/** Answers "what does it get wrong?": the confusion matrix in small, the two worst classes, and three mistakes. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { counted } from "../../lib/base/counted.ts";
import type { Evaluation } from "../../lib/model/evaluation.ts";
import { percent } from "../../lib/report/format.ts";
import { worstFirst } from "../../lib/report/outcome.ts";
import { ConfusedPairs, ConfusionTable, Mistake } from "../evaluation/confusion.ts";
import { Card, Short } from "../ui/card.ts";

/** With more classes than this, the pairs that are confused most replace the matrix. */
const MOST_CLASSES = 8;
const PAIRS = 6;
const WORST = 2;
const MISTAKES = 3;

interface MistakesProps {
  readonly evaluation: Evaluation | undefined;
  /** Why there is no evaluation. */
  readonly missing: string;
  /** The address of all mistakes. */
  readonly href: string;
}

export function MistakesCard({ evaluation, missing, href }: MistakesProps): ComponentChildren {
  const card = { id: "wrong", title: "What it gets wrong" };
  if (!evaluation) return h(Card, { ...card, empty: missing });
  const { classes, confusion, mixups } = evaluation;
  const labels = classes.map(({ label }) => label);
  const worst = markup`<h3>Worst classes</h3>
    <ul id="worst" class="pairs">${worstFirst(classes).slice(0, WORST).map(WorstClass)}</ul>`;
  const pairs = markup`<h3>Most confused</h3>${h(ConfusedPairs, { id: "confused", evaluation, labels, most: PAIRS })}`;
  const few = confusion && labels.length <= MOST_CLASSES && h(ConfusionTable, { evaluation, labels });
  // Where a row may have several labels, no pair of them is confused.
  const confused = few || ((confusion ?? mixups) && pairs);
  const mistakes = evaluation.mistakes.slice(0, MISTAKES).map((one) => h(Mistake, { key: one.place, ...one }));
  const content = markup`
    <div class="halves">
      <div>${confused ?? worst}</div>
      <div>
        ${confused && worst}
        <h3>Most confident mistakes</h3>
        <p class="hint">${
    mistakes.length === 0 ? "None" : markup`Some may be wrong labels. <a href=${href}>Look for those of all rows</a>`
  }</p>
        <ol id="worst-mistakes" class="mistakes">${mistakes}</ol>
      </div>
    </div>`;
  return h(Card, { ...card, head: markup`<a class="more" href=${href}>All classes and mistakes</a>` }, content);
}

function WorstClass({ label, recall, precision, support }: Evaluation["classes"][number]): ComponentChildren {
  const shares = `recall ${percent(recall, 0)} · precision ${percent(precision, 0)} · ${counted(support, "row")}`;
  return markup`<li key=${label}>${h(Short, { text: label, look: "pair" })}<span class="at">${shares}</span></li>`;
}
