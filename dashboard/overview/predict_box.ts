/// <reference lib="dom" />
/** The box that tries the model: it takes texts, tokens or the fields of columns, and shows the labels' probabilities. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedKeyboardEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { counted } from "../../lib/base/counted.ts";
import type { DataStatistics } from "../../lib/data/statistics.ts";
import type { Column } from "../../lib/formats/columns.ts";
import type { ModelInfo } from "../../lib/predict/types.ts";
import { count } from "../../lib/report/format.ts";
import { type Answers, messageOf, predict, Refusal } from "../api.ts";
import {
  answersCsv,
  asCurl,
  asTypeScript,
  isExplained,
  linesOf,
  type Question,
  questionsOf,
  randomTokens,
} from "../state/question.ts";
import type { Loaded } from "../store.ts";
import { Card, Switch } from "../ui/card.ts";
import { Command, Copy, Save } from "../ui/copy.ts";
import { Field } from "../ui/field.ts";
import { AnswerView, verdictOf } from "./answer.ts";

/** Most labels that the hint names, and most earlier questions that are listed. */
const NAMED = 6;
const HISTORY = 4;

interface Asked {
  /** The texts of the fields, of which a model of one text or of tokens has one. */
  readonly texts: readonly string[];
  readonly questions: readonly Question[];
  readonly answers: Answers;
}

interface FormProps {
  readonly model: ModelInfo;
  /** The frequent values of the model's columns, where they are known. */
  readonly columns?: DataStatistics["columns"] | undefined;
}

interface PredictProps extends Pick<FormProps, "columns"> {
  /** The run that is shown. */
  readonly run: string;
  readonly model: Loaded<ModelInfo>;
}

export function PredictBox({ run, model: { value: model, error }, columns }: PredictProps): ComponentChildren {
  const card = { id: "try", title: "Try it", head: markup`<a class="more" href="docs">API</a>` };
  if (!model) return h(Card, { ...card, empty: error ?? "No model yet" });
  if (run === "" || model.run === run) return h(Card, card, h(Form, { key: model.run, model, columns }));
  const hint = `This server answers with run ${model.run}. To ask this run, serve it:`;
  const other = markup`<p id="served" class="hint">${hint}</p>${h(Command, { text: `deno task serve ${run}` })}`;
  return h(Card, card, other);
}

/** Why there is no answer: in words, and by the names of columns. */
interface Problem {
  readonly text: string;
  readonly at?: ReadonlyMap<string, string>;
}

function Form({ model, columns: known }: FormProps): ComponentChildren {
  const { columns, length, vocabulary } = model;
  const texts = useSignal<readonly string[]>([]);
  const isPerLine = useSignal(false);
  const problem = useSignal<Problem | undefined>(undefined);
  const asked = useSignal<readonly Asked[]>([]);
  /** Number of the newest question: late answers to older ones are not shown. */
  const newest = useRef(0);
  const drawTokens = () => void (texts.value = [randomTokens(length, vocabulary, Math.random).join(" ")]);
  useEffect(() => model.text ? undefined : drawTokens(), []);
  const isLong = !columns && linesOf(texts.value[0] ?? "").length > 1;
  const ask = async (event?: Event) => {
    event?.preventDefault();
    const questions = questionsOf(texts.value, model, isPerLine.value && isLong);
    const number = ++newest.current;
    if (questions.length === 0) {
      problem.value = { text: `${columns ? "Fill in a field" : "Type a text"} first: the model has nothing to read` };
      return;
    }
    try {
      const answer = { texts: texts.value, questions, answers: await predict(questions, isExplained(model)) };
      if (number !== newest.current) return;
      const others = asked.value.filter((one) => shownTexts(one) !== shownTexts(answer));
      asked.value = [answer, ...others].slice(0, 1 + HISTORY);
      problem.value = undefined;
    } catch (refused) {
      if (number === newest.current) problem.value = problemOf(refused, columns);
    }
  };
  const askRandom = () => {
    drawTokens();
    void ask();
  };
  const press = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    event.currentTarget.form?.requestSubmit();
  };
  const [last, ...earlier] = asked.value;
  const isAnswered = last !== undefined && problem.value === undefined;
  const common = (at: number) => ({
    text: texts.value[at] ?? "",
    set: (text: string) => texts.value = (columns ?? [""]).map((_, one) => one === at ? text : texts.value[one] ?? ""),
  });
  const column = ({ name, kind }: Column, at: number) =>
    h(Field, {
      ...{ key: name, id: `sample-${at}`, label: name, hint: "", error: problem.value?.at?.get(name) ?? "" },
      ...common(at),
      ...kind === "text"
        ? { kind: "prose", more: { rows: 2, class: "prose", onKeyDown: press } }
        : { kind: kind === "number" ? "number" : "text", placeholder: "missing" },
      options: kind === "category" ? valuesOf(known, name) : [],
    });
  const look = model.text ? { rows: 3, class: "prose", inputmode: "text" } : { rows: 1, inputmode: "numeric" };
  const one = () =>
    h(Field, {
      ...{ id: "sample", label: model.text ? "Text" : "Tokens", hint: hintOf(model), ...common(0) },
      ...{ kind: "prose", placeholder: model.text ? "Type or paste a text" : "", isWrong: problem.value !== undefined },
      more: { ...look, onKeyDown: press },
    });
  const perLine = { id: "per-line", text: "Each line is a text of its own", isOn: isPerLine.value };
  const start = model.text ? "Enter predicts, Shift and Enter start a new line." : "Press Random for a sequence.";
  return markup`
    <form id="predict-form" onSubmit=${ask}>
      <div class="fields">${columns ? columns.map(column) : one()}</div>
      ${columns && markup`<p id="sample-hint" class="hint">${hintOf(model)}</p>`}
      ${isLong && h(Switch, { ...perLine, set: (isOn) => isPerLine.value = isOn })}
      <p class="buttons"><button type="submit" class="primary">Predict</button>
        ${!model.text && markup`<button type="button" id="random" onClick=${askRandom}>Random</button>`}</p>
    </form>
    <div id="result" aria-live="polite">
      ${problem.value && markup`<p id="predict-error" class="error">${problem.value.text}</p>`}
      ${isAnswered && h(AnswerView, { ...last, model })}
      ${!last && !problem.value && markup`<p class="hint">${start}</p>`}
    </div>
    ${isAnswered && h(Copies, last)}
    ${earlier.length > 0 && h(Earlier, { asked: earlier, choose: (chosen) => texts.value = chosen })}`;
}

/** Returns what the server refused: the faults of columns stand at their fields. */
function problemOf(refused: unknown, columns: readonly Column[] = []): Problem {
  const faults = refused instanceof Refusal ? refused.faults : [];
  const nameOf = (field: string) => field.replace("instances[0].", "");
  const at = new Map(faults.map(({ field, message }) => [nameOf(field), message]));
  const isShown = faults.length > 0 && [...at.keys()].every((name) => columns.some((column) => column.name === name));
  return { text: isShown ? "Correct the marked fields" : messageOf(refused), at };
}

function valuesOf(known: FormProps["columns"] = [], name: string): string[] {
  return known.find((column) => column.name === name)?.values.map(({ value }) => value) ?? [];
}

const shownTexts = ({ texts }: Pick<Asked, "texts">) => texts.filter((text) => text !== "").join(" | ");

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
  readonly choose: (texts: readonly string[]) => void;
}

function Earlier({ asked, choose }: EarlierProps): ComponentChildren {
  const items = asked.map(({ texts, answers: { predictions } }) => {
    const text = shownTexts({ texts });
    const short = predictions.length === 1 ? verdictOf(predictions[0]!) : counted(predictions.length, "answer");
    return markup`<li key=${text}><button type="button" class="link" title=${text} onClick=${() => choose(texts)}>
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
