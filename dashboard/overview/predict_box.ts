/// <reference lib="dom" />
/** The box that tries the model: it takes texts or tokens, and shows the probabilities of the labels. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedEvent, type TargetedKeyboardEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { counted } from "../../lib/base/counted.ts";
import type { ModelInfo } from "../../lib/predict/types.ts";
import { formOf } from "../../lib/formats/columns.ts";
import { count } from "../../lib/report/format.ts";
import { type Answers, messageOf, predict } from "../api.ts";
import {
  answersCsv,
  asCurl,
  asTypeScript,
  linesOf,
  type Question,
  questionsOf,
  randomTokens,
} from "../state/question.ts";
import type { Loaded } from "../store.ts";
import { Card, Switch } from "../ui/card.ts";
import { Command, Copy, Save } from "../ui/copy.ts";
import { AnswerView, verdictOf } from "./answer.ts";

/** Most labels that the hint names, and most earlier questions that are listed. */
const NAMED = 6;
const HISTORY = 4;

interface Asked {
  readonly text: string;
  readonly questions: readonly Question[];
  readonly answers: Answers;
}

interface PredictProps {
  /** The run that is shown. */
  readonly run: string;
  readonly model: Loaded<ModelInfo>;
}

export function PredictBox({ run, model: { value: model, error } }: PredictProps): ComponentChildren {
  const card = { id: "try", title: "Try it", head: markup`<a class="more" href="docs">API</a>` };
  if (!model) return h(Card, { ...card, empty: error ?? "No model yet" });
  if (run === "" || model.run === run) return h(Card, card, h(Form, { key: model.run, model }));
  const hint = `This server answers with run ${model.run}. To ask this run, serve it:`;
  const other = markup`<p id="served" class="hint">${hint}</p>${h(Command, { text: `deno task serve ${run}` })}`;
  return h(Card, card, other);
}

function Form({ model }: { readonly model: ModelInfo }): ComponentChildren {
  const random = () =>
    model.columns
      ? formOf(model.columns)
      : model.text
      ? ""
      : randomTokens(model.length, model.vocabulary, Math.random).join(" ");
  const text = useSignal("");
  const isPerLine = useSignal(false);
  const problem = useSignal("");
  const asked = useSignal<readonly Asked[]>([]);
  /** Number of the newest question: late answers to older ones are not shown. */
  const newest = useRef(0);
  useEffect(() => void (text.value = random()), []);
  const canExplain = model.text && model.labels.length > 1;
  const isLong = linesOf(text.value).length > 1;
  const ask = async (event?: Event) => {
    event?.preventDefault();
    const questions = questionsOf(text.value, model, isPerLine.value && isLong);
    const number = ++newest.current;
    if (questions.length === 0) {
      problem.value = "Type a text first: the model has nothing to read";
      return;
    }
    try {
      const answer = { text: text.value, questions, answers: await predict(questions, canExplain) };
      if (number !== newest.current) return;
      asked.value = [answer, ...asked.value.filter((one) => one.text !== answer.text)].slice(0, 1 + HISTORY);
      problem.value = "";
    } catch (refused) {
      if (number === newest.current) problem.value = messageOf(refused);
    }
  };
  const askRandom = () => {
    text.value = random();
    void ask();
  };
  const press = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) void ask(event);
  };
  const type = (event: TargetedEvent<HTMLTextAreaElement>) => text.value = event.currentTarget.value;
  const [last, ...earlier] = asked.value;
  const isAnswered = last !== undefined && problem.value === "";
  const look = model.text
    ? { rows: 3, class: "prose", inputmode: "text", placeholder: "Type or paste a text" }
    : { rows: 1, inputmode: "numeric" };
  const perLine = { id: "per-line", text: "Each line is a text of its own", isOn: isPerLine.value };
  const start = model.text ? "Enter predicts, Shift and Enter start a new line." : "Press Random for a sequence.";
  return markup`
    <form id="predict-form" onSubmit=${ask}>
      <label for="sample" class="hint">${model.columns ? "Fields, as JSON" : model.text ? "Text" : "Tokens"}</label>
      <textarea id="sample" ...${look} spellcheck=${false} autocomplete="off" value=${text.value} onKeyDown=${press}
        aria-describedby="sample-hint" aria-invalid=${
    problem.value === "" ? undefined : "true"
  } onInput=${type}></textarea>
      <p id="sample-hint" class="hint">${hintOf(model)}</p>
      ${isLong && h(Switch, { ...perLine, set: (isOn) => isPerLine.value = isOn })}
      <p class="buttons"><button type="submit" class="primary">Predict</button>
        ${!model.text && markup`<button type="button" id="random" onClick=${askRandom}>Random</button>`}</p>
    </form>
    <div id="result" aria-live="polite">
      ${problem.value !== "" && markup`<p id="predict-error" class="error">${problem.value}</p>`}
      ${isAnswered && h(AnswerView, { ...last, model })}
      ${!last && problem.value === "" && markup`<p class="hint">${start}</p>`}
    </div>
    ${isAnswered && h(Copies, last)}
    ${earlier.length > 0 && h(Earlier, { asked: earlier, choose: (chosen) => text.value = chosen })}`;
}

/** Buttons that copy the question as a program asks it, and save the answers. */
function Copies({ questions, answers }: Asked): ComponentChildren {
  const address = new URL("predict", location.href).href;
  const common = { name: "the question", look: "link" };
  return markup`<p class="copies">${h(Copy, { ...common, text: asCurl(questions, address) }, "Copy as curl")}
    ${h(Copy, { ...common, text: asTypeScript(questions, address) }, "as TypeScript")}
    ${h(Save, { name: "predictions.csv", text: () => answersCsv(questions, answers.predictions) })}</p>`;
}

interface EarlierProps {
  readonly asked: readonly Asked[];
  readonly choose: (text: string) => void;
}

function Earlier({ asked, choose }: EarlierProps): ComponentChildren {
  const items = asked.map(({ text, answers: { predictions } }) => {
    const short = predictions.length === 1 ? verdictOf(predictions[0]!) : counted(predictions.length, "answer");
    return markup`<li key=${text}><button type="button" class="link" title=${text} onClick=${() => choose(text)}>
      ${text}</button><span class="value">${short}</span></li>`;
  });
  return markup`<h3>Earlier</h3><ul id="earlier" class="pairs">${items}</ul>`;
}

function hintOf({ text, length, vocabulary, labels }: ModelInfo): string {
  const tokens = counted(length, "token");
  const reads = text ? `Reads up to ${tokens}` : `${tokens} from 0 to ${count(vocabulary - 1)}`;
  const few = labels.length <= NAMED;
  return `${reads}. ${
    few ? `Answers: ${labels.join(", ")}` : `Answers with one of ${counted(labels.length, "label")}`
  }.`;
}
