/** Shows answers of the model: one with the probabilities of its labels, or several as a list. */
import { counted } from "../../lib/base/counted.ts";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { ModelInfo, Prediction } from "../../lib/predict/types.ts";
import type { Answers, Question } from "../api.ts";
import { count, percent, shortDigest } from "../../lib/report/format.ts";
import { Short } from "../ui/card.ts";

/** Most classes with a bar of their own. */
const MOST = 6;

interface AnswerProps {
  readonly answers: Answers;
  readonly questions: readonly Question[];
  readonly model: ModelInfo;
}

export function AnswerView({ answers, questions, model }: AnswerProps): ComponentChildren {
  const { predictions: [first], run, round, digest } = answers;
  const source = markup`<p id="source" class="hint" title="Run ${run}, digest ${digest}">${`round ${count(round)} · ${
    shortDigest(digest)
  }`}</p>`;
  if (answers.predictions.length > 1) {
    return markup`<ol id="answers" class="pairs">${
      answers.predictions.map((one, index) =>
        markup`<li key=${index}>${h(Short, { text: textOf(questions[index]), look: "pair" })}<span class="value">${
          one.label ?? "none of these"
        } ${probabilityText(one)}</span></li>`
      )
    }</ol>${source}`;
  }
  if (!first) return source;
  return markup`
    <p class="answer"><strong id="label">${first.label ?? "none of these"}</strong>${" "}
      <span id="class" class="hint">${classText(first)}</span></p>
    <ul id="flags" class="flags">${
    flagsOf(first, model.length).map((flag) => markup`<li key=${flag}>${flag}</li>`)
  }</ul>
    ${h(Bars, { prediction: first, labels: model.labels })}${source}`;
}

/** Formats the answers as a label and its probability, or as their number. */
export function labelText({ predictions }: Answers): string {
  const [first] = predictions;
  if (predictions.length > 1 || !first) return counted(predictions.length, "answer");
  return `${first.label ?? "none of these"} ${probabilityText(first)}`;
}

interface BarsProps {
  readonly prediction: Prediction;
  readonly labels: readonly string[];
}

/** A bar per class, or per most likely class if there are many. */
function Bars({ prediction: { probabilities, class: chosen, label }, labels }: BarsProps): ComponentChildren {
  const all = probabilities.map((probability, index) => ({ probability, index }));
  const few = all.length <= MOST;
  const shown = few ? all : all.toSorted((a, b) => b.probability - a.probability).slice(0, MOST);
  const rest = 1 - shown.reduce((sum, { probability }) => sum + probability, 0);
  const bar = (name: string, probability: number, isChosen: boolean) =>
    markup`<li key=${name} class=${isChosen ? "chosen" : ""}>${h(Short, { text: name, look: "name" })}
      <span class="track" aria-hidden="true"><span class="fill" style="width: ${100 * probability}%"></span></span>
      <span class="number">${percent(probability)}</span></li>`;
  return markup`<ol id="bars" class="bars">
    ${
    shown.map(({ probability, index }) =>
      bar((index === chosen ? label : labels[index]) ?? `class ${index}`, probability, index === chosen)
    )
  }
    ${few ? null : bar(`${count(all.length - MOST)} others`, Math.max(0, rest), false)}</ol>`;
}

function textOf(question: Question | undefined): string {
  if (!question) return "";
  return "text" in question ? question.text : question.tokens.join(" ");
}

function probabilityText({ class: best, probabilities, rejected }: Prediction): string {
  return percent(rejected ? rejected.probability : probabilities[best ?? -1], 1);
}

/** Returns the class of the answer and its probability, or those of a rejected one and what it needs. */
function classText({ class: best, rejected, probabilities }: Prediction): string {
  if (!rejected) return `class ${best} · ${percent(probabilities[best ?? -1])}`;
  const { label, probability, threshold } = rejected;
  return `most probable: ${label} · ${percent(probability)}, less than ${percent(threshold)}`;
}

/** Returns reasons not to trust the answer to a text. */
function flagsOf({ unknownShare = 0, truncated = false }: Prediction, length: number): string[] {
  return [
    ...unknownShare > 0 ? [`${percent(unknownShare, 0)} of its tokens are unknown`] : [],
    ...truncated ? [`cut: ${counted(length, "token is", "tokens are")} read`] : [],
  ];
}
