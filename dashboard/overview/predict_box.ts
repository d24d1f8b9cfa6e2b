/// <reference lib="dom" />
/** The box that tries the model: it takes texts, tokens or the fields of columns, and shows the labels' probabilities. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { counted } from "../../lib/base/counted.ts";
import type { DataStatistics } from "../../lib/data/statistics.ts";
import type { Column } from "../../lib/formats/columns.ts";
import type { ModelInfo } from "../../lib/predict/types.ts";
import { count } from "../../lib/report/format.ts";
import { type Answering, messageOf, modelPath, predict, Refusal } from "../api.ts";
import { answersCsv, asCurl, asTypeScript, isExplained, linesOf } from "../state/question.ts";
import { questionsOf, randomTokens, type Texts } from "../state/question.ts";
import type { Loaded } from "../store.ts";
import { Card, Command, Copy, Save, Switch } from "../ui/card.ts";
import { RowFields } from "../ui/row_fields.ts";
import { AnswerView, type Asked, verdictOf } from "./answer.ts";

/** Most labels that the hint names, and most earlier questions that are listed. */
const NAMED = 6;
const HISTORY = 4;

type AskedTexts = Asked & { readonly texts: Texts };
/** The frequent values of the model's columns, where they are known. */
type Known = DataStatistics["columns"];

interface PredictProps {
  /** The run that is shown. */
  readonly run: string;
  readonly model: Loaded<Answering>;
  readonly columns?: Known;
}

export function PredictBox({ run, model: { value: model, error }, columns }: PredictProps): ComponentChildren {
  const card = { id: "try", title: "Try it", head: markup`<a class="more" href="docs">API</a>` };
  if (!model) return h(Card, { ...card, empty: error ?? "No model yet" });
  if (run === "" || model.run === run) {
    return h(Card, card, h(Form, { key: modelPath(model, "predict") + model.run, model, known: columns }));
  }
  const hint = `This server answers with run ${model.run}. To ask this run, serve it:`;
  const other = markup`<p id="served" class="hint">${hint}</p>${h(Command, { text: `deno task serve ${run}` })}`;
  return h(Card, card, other);
}

/** Why there is no answer: in words, and by the names of columns. */
type Problem = Readonly<{ text: string; at?: ReadonlyMap<string, string> }>;

function Form({ model, known }: { readonly model: Answering; readonly known?: Known }): ComponentChildren {
  const { columns, length, vocabulary } = model;
  const path = modelPath(model, "predict");
  const texts = useSignal<Texts>([]);
  const isPerLine = useSignal(false);
  const problem = useSignal<Problem | undefined>(undefined);
  const asked = useSignal<readonly AskedTexts[]>([]);
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
      const answer = { texts: texts.value, questions, answers: await predict(questions, isExplained(model), path) };
      if (number !== newest.current) return;
      const others = asked.value.filter((one) => shown(one.texts) !== shown(answer.texts));
      asked.value = [answer, ...others].slice(0, 1 + HISTORY);
      problem.value = undefined;
    } catch (refused) {
      if (number === newest.current) problem.value = problemOf(refused, columns);
    }
  };
  const [last, ...earlier] = asked.value;
  const isAnswered = last !== undefined && problem.value === undefined;
  const { at: errors } = problem.value ?? {};
  const fields = { id: "sample", model, texts, hint: hintOf(model), isWrong: !!problem.value, errors, known };
  const set = (isOn: boolean) => isPerLine.value = isOn;
  const perLine = { id: "per-line", text: "Each line is a text of its own", isOn: isPerLine.value, set };
  const drawn = () => (drawTokens(), ask());
  const random = markup`<button type="button" id="random" onClick=${drawn}>Random</button>`;
  const start = model.text ? "Enter predicts, Shift and Enter start a new line." : "Press Random for a sequence.";
  return markup`
    <form id="predict-form" onSubmit=${ask}>
      ${h(RowFields, fields)}
      ${columns && markup`<p id="sample-hint" class="hint">${hintOf(model)}</p>`}
      ${isLong && h(Switch, perLine)}
      <p class="buttons"><button type="submit" class="primary">Predict</button>
        ${!model.text && random}</p>
    </form>
    <div id="result" aria-live="polite">
      ${problem.value && markup`<p id="predict-error" class="error">${problem.value.text}</p>`}
      ${isAnswered && h(AnswerView, { ...last, model })}
      ${!last && !problem.value && markup`<p class="hint">${start}</p>`}
    </div>
    ${isAnswered && h(Copies, { ...last, path })}
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

const shown = (texts: Texts) => texts.filter((text) => text !== "").join(" | ");

/** Buttons that copy the question as a program asks it, and save the answers. */
function Copies({ questions, answers, path }: Asked & { readonly path: string }): ComponentChildren {
  const address = new URL(path, location.href).href;
  const common = { name: "the question", look: "link" };
  return markup`<p class="copies">${h(Copy, { ...common, text: asCurl(questions, address) }, "Copy as curl")}
    ${h(Copy, { ...common, text: asTypeScript(questions, address) }, "as TypeScript")}
    ${h(Save, { name: "predictions.csv", text: () => answersCsv(questions, answers.predictions) })}</p>`;
}

function Earlier(
  { asked, choose }: { readonly asked: readonly AskedTexts[]; readonly choose: (texts: Texts) => void },
): ComponentChildren {
  const items = asked.map(({ texts, answers: { predictions } }) => {
    const text = shown(texts);
    const short = predictions.length === 1 ? verdictOf(predictions[0]!) : counted(predictions.length, "answer");
    return markup`<li key=${text}><button type="button" class="link" title=${text} onClick=${() => choose(texts)}>
      ${text}</button><span class="value">${short}</span></li>`;
  });
  return markup`<h3>Earlier</h3><ul id="earlier" class="pairs">${items}</ul>`;
}

function hintOf({ text, length, vocabulary, labels }: ModelInfo): string {
  const tokens = counted(length, "token");
  const reads = text ? `Reads up to ${tokens}` : `${tokens} from 0 to ${count(vocabulary - 1)}`;
  const names = labels.length <= NAMED ? `: ${labels.join(", ")}` : ` with one of ${counted(labels.length, "label")}`;
  return `${reads}. Answers${names}.`;
}
