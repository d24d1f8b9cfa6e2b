/** Shows answers of the model: one with the probabilities of its labels, or several as a list. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { counted } from "../../lib/base/counted.ts";
import type { ModelInfo, Prediction } from "../../lib/predict/types.ts";
import { count, percent, shortDigest } from "../../lib/report/format.ts";
import type { Answers } from "../api.ts";
import { type Fields, type Question, textOf } from "../state/question.ts";
import { Bar, Short } from "../ui/card.ts";
import { ReasonsView } from "../ui/reasons.ts";

/** Most classes with a bar of their own. */
const MOST = 6;

/** Questions, and their answers. */
export type Asked = Readonly<{ questions: readonly Question[]; answers: Answers }>;

export function AnswerView({ answers, questions, model }: Asked & { readonly model: ModelInfo }): ComponentChildren {
  const { predictions, run, round, digest } = answers;
  const source = `round ${count(round)} · ${shortDigest(digest)}`;
  const listed = predictions.map((one, index) => {
    const text = h(Short, { text: textOf(questions[index]!), look: "pair" });
    return markup`<li key=${index}>${text}<span class="value">${verdictOf(one)}</span></li>`;
  });
  const list = listed.length > 1 && markup`<ol id="answers" class="pairs">${listed}</ol>`;
  return markup`${list || predictions.map((prediction) => one(prediction, model, questions[0]))}
    <p id="source" class="hint" title="Run ${run}, digest ${digest}">${source}</p>`;
}

function one(prediction: Prediction, { length, labels, columns }: ModelInfo, question?: Fields): ComponentChildren {
  const { unknownShare = 0, truncated = false, reasons } = prediction;
  const text = !columns && typeof question?.["text"] === "string" ? question["text"] : undefined;
  // Reasons not to trust the answer to a text.
  const flags = [
    ...unknownShare > 0 ? [`${percent(unknownShare, 0)} of its tokens are unknown`] : [],
    ...truncated ? [`cut: ${counted(length, "token is", "tokens are")} read`] : [],
  ].map((flag) => markup`<li key=${flag}>${flag}</li>`);
  return markup`
    <p class="answer"><strong id="label">${nameOf(prediction)}</strong>${" "}
      <span id="class" class="hint">${classText(prediction)}</span></p>
    <ul id="flags" class="flags">${flags}</ul>
    <ol id="bars" class="bars">${barsOf(prediction, labels)}</ol>
    ${reasons && h(ReasonsView, { text, reasons })}`;
}

function nameOf({ label, labels }: Prediction): string {
  return labels ? labels.map(({ label }) => label).join(", ") || "no label" : label ?? "none of these";
}

/** Formats an answer as its label and its probability, or as its labels. */
export function verdictOf(prediction: Prediction): string {
  const { class: best, probabilities, rejected, labels } = prediction;
  const probability = rejected ? rejected.probability : probabilities[best ?? -1];
  return labels ? nameOf(prediction) : `${nameOf(prediction)} ${percent(probability, 1)}`;
}

/** Returns a bar per class, or per most likely class if there are many. */
function barsOf(prediction: Prediction, labels: readonly string[]): ComponentChildren[] {
  const { probabilities, class: chosen, label, labels: several } = prediction;
  const isGiven = (index: number) => several?.some((one) => one.label === labels[index]) ?? index === chosen;
  const all = probabilities.map((share, index) => ({
    share,
    name: (index === chosen ? label : labels[index]) ?? `class ${index}`,
    look: isGiven(index) ? "chosen" : "",
  }));
  const few = all.length <= MOST;
  const shown = few ? all : all.toSorted((a, b) => b.share - a.share).slice(0, MOST);
  const rest = Math.max(0, 1 - shown.reduce((sum, { share }) => sum + share, 0));
  return [...shown, ...few || several ? [] : [{ share: rest, name: `${count(all.length - MOST)} others`, look: "" }]]
    .map((bar) => h(Bar, { key: bar.name, ...bar }, markup`<span class="number">${percent(bar.share)}</span>`));
}

/** Returns the class of the answer and its probability, or those of a rejected one and what it needs. */
function classText({ class: best, rejected, probabilities, labels }: Prediction): string {
  if (labels) return labels.map(({ probability }) => percent(probability)).join(", ");
  if (!rejected) return `class ${best} · ${percent(probabilities[best ?? -1])}`;
  const { label, probability, threshold } = rejected;
  return `most probable: ${label} · ${percent(probability)}, less than ${percent(threshold)}`;
}
