/** How good the served model is, and how far the confidence of its answers can be trusted. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedEvent } from "preact";
import { counted } from "../../lib/base/counted.ts";
import type { Summary } from "../../lib/base/events.ts";
import type { Evaluation, Evaluations } from "../../lib/model/evaluation.ts";
import { changesOf, evaluationFacts, partsOf } from "../../lib/report/evaluation/evaluation_text.ts";
import { percent } from "../../lib/report/format.ts";
import { modelText } from "../../lib/report/outcome.ts";
import { binRows, dotsOf, type Point, pointAt, thresholdFacts, trail } from "../../lib/report/evaluation/trust.ts";
import { Card, Choice, Short } from "../ui/card.ts";
import { Numbers } from "../ui/table.ts";

/** A set of rows that was evaluated. */
export type Role = keyof Evaluations;

const ROLES = [["validation", "validation"], ["test", "test"]] as const;

interface OutcomeProps {
  readonly evaluation: Evaluation;
  readonly role: Role;
  readonly summary: Summary;
  /** Chooses the other role, if there are two. */
  readonly choose?: ((role: Role) => void) | undefined;
}

/** The metrics of the served model, beside those of its parts and of always giving the most frequent class. */
export function OutcomeCard({ evaluation, role, summary, choose }: OutcomeProps): ComponentChildren {
  const { lstm, baseline, parent } = summary;
  const evaluated = counted(evaluation.rows, `${role} row`);
  const title = markup`Served model <span id="evaluated-rows" class="at">on ${evaluated}</span>`;
  const head = choose && h(Choice<Role>, { name: "role", legend: "Evaluated on", value: role, options: ROLES, choose });
  const facts = evaluationFacts(evaluation).map(([name, value, more]) =>
    markup`<div key=${name}><dt>${name}</dt><dd>${value} <span class="at">${more}</span></dd></div>`
  );
  const rows = partsOf(evaluation, role, summary).map(([name, ...cells]) => [h(Short, { text: name }), ...cells]);
  const parts = { labelledBy: "outcome-title", columns: ["", "accuracy", "macro-F1", "loss"], rows };
  const served = lstm ? modelText(lstm.share, baseline?.refitRows, (share) => percent(share, 0)) : "only the LSTM";
  const content = markup`<dl class="outcome">${facts}</dl>${h(Numbers, parts)}
    <p id="model-text" class="hint">The served model is ${served}</p>${parent && h(Changes, { parent })}`;
  return h(Card, { id: "outcome", title, head }, content);
}

/** The accuracy before and after a run that continues from another one. */
function Changes({ parent }: { readonly parent: NonNullable<Summary["parent"]> }): ComponentChildren {
  const table = { labelledBy: "changes", columns: ["", "before", "after", "change"], rows: changesOf(parent) };
  return markup`<h3 id="changes">Accuracy before and after</h3>
    <p class="hint">This run continues from ${parent.run}</p>${h(Numbers, table)}`;
}

/** The calibration curve, and what a threshold would leave. Older evaluations lack one or both. */
export function TrustCard(
  { evaluation: { calibration, coverage, rows } }: Pick<OutcomeProps, "evaluation">,
): ComponentChildren {
  const halves = [calibration && h(Calibration, { bins: calibration }), coverage && h(Threshold, { coverage, rows })];
  return halves.some(Boolean) &&
    h(Card, { id: "trust", title: "Confidence" }, markup`<div class="halves">${halves}</div>`);
}

function Calibration({ bins }: { readonly bins: NonNullable<Evaluation["calibration"]> }): ComponentChildren {
  const dots = dotsOf(bins).map(({ x, y, radius }) => markup`<circle cx=${x} cy=${y} r=${radius} />`);
  const line = trail(bins.map(({ confidence, accuracy }) => [confidence, accuracy]));
  const table = { labelledBy: "calibration", columns: ["confidence", "right", "rows"], rows: binRows(bins) };
  return markup`<div><h3 id="calibration">Are confident answers right?</h3>
    <p class="hint">Share of right answers by their confidence. Below the diagonal, the model is too sure.</p>
    <div class="side-by-side"><svg class="small-plot" viewBox="0 0 100 100" role="img" aria-labelledby="calibration">
      <path class="diagonal" d="M0 100L100 0" /><polyline points=${line} />${dots}
    </svg>${h(Numbers, table)}</div></div>`;
}

function Threshold(
  { coverage, rows }: { readonly coverage: readonly Point[]; readonly rows: number },
): ComponentChildren {
  const left = useSignal(0);
  const point = pointAt(coverage, left.value / 100);
  const facts = thresholdFacts(point, rows);
  const slide = (event: TargetedEvent<HTMLInputElement>) => void (left.value = Number(event.currentTarget.value));
  const line = (look: string, value: (point: Point) => number) =>
    markup`<polyline class=${look} points=${trail(coverage.map((one) => [1 - one.coverage, value(one)]))} />`;
  const shown = facts.map(([name, value, what]) =>
    markup`<div key=${name}><dt>${name}</dt><dd class=${name.toLowerCase()}>${value}</dd><dd class="at">${what}</dd></div>`
  );
  return markup`<div><h3>What if only the surest are answered?</h3>
    <p class="hint">Requests with <code>reject</code> leave rows below a threshold unanswered.</p>
    <div class="side-by-side"><svg class="small-plot" viewBox="0 0 100 100" aria-hidden="true">
      <path class="diagonal" d=${`M${100 * (1 - point.coverage)} 0v100`} />
      ${line("precision", ({ accuracy }) => accuracy)}${line("recall", (one) => one.coverage * one.accuracy)}
    </svg><dl id="threshold-facts" class="facts">${shown}</dl></div>
    <label class="slider"><span>Rows left unanswered</span><input id="threshold" type="range" min="0" max="99"
      value=${left.value} aria-valuetext=${facts.map(([name, value]) => `${name} ${value}`).join(", ")}
      onInput=${slide} /></label></div>`;
}
