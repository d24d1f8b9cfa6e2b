/** The metrics of the served model, how they change if unsure answers are left out, and what it confuses most. */
import { counted } from "../../lib/base/counted.ts";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { Evaluation, Evaluations } from "../../lib/model/evaluation.ts";
import { loss, percent } from "../../lib/report/format.ts";
import { Card, Choice } from "../ui/card.ts";
import { Numbers } from "../ui/table.ts";
import { ConfusedPairs } from "./confusion_table.ts";

const PAIRS = 3;

interface OutcomeProps {
  readonly evaluation: Evaluation;
  readonly role: keyof Evaluations;
  readonly hasTest: boolean;
  readonly choose: (role: keyof Evaluations) => void;
}

export function OutcomeCard({ evaluation, role, hasTest, choose }: OutcomeProps): ComponentChildren {
  const title = markup`Served model <span id="evaluated-rows" class="at">on ${
    counted(evaluation.rows, `${role} row`)
  }</span>`;
  const head = hasTest
    ? h(Choice<keyof Evaluations>, {
      name: "evaluated-on",
      legend: "Evaluated on",
      value: role,
      options: [["validation", "validation"], ["test", "test"]],
      choose,
    })
    : null;
  const { coverage = [], classes } = evaluation;
  const labels = classes.map(({ label }) => label);
  return h(
    Card,
    { id: "evaluation-metrics", title, head },
    markup`
    <dl id="outcome" class="outcome">${
      metricsOf(evaluation).map(([name, value]) => markup`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)
    }</dl>
    <h3>Most confused classes</h3>
    ${h(ConfusedPairs, { id: "confused", evaluation, labels, most: PAIRS })}
    ${
      coverage.length === 0 ? null : markup`<h3 id="coverage-title">If only the surest answers count</h3>${
        h(Numbers, {
          labelledBy: "coverage-title",
          columns: ["answered", "accuracy", "least probability"],
          rows: coverage.map((
            { coverage, accuracy, confidence },
          ) => [percent(coverage, 0), percent(accuracy), percent(confidence)]),
        })
      }`
    }`,
  );
}

/** Returns the metrics of the served model, the most important first. */
function metricsOf(
  { accuracy, macroF1, loss: mean, calibrationError, answered }: Evaluation,
): [name: string, value: string][] {
  return [
    ["Accuracy", percent(accuracy)],
    ["Macro-F1", percent(macroF1)],
    ["Loss", loss(mean)],
    ["Calibration error", percent(calibrationError)],
    ...answered
      ? [
        [`Answered at ${percent(answered.threshold)} or more`, percent(answered.share)],
        ["Accuracy of these", percent(answered.accuracy)],
      ] as [string, string][]
      : [],
  ];
}
