/// <reference lib="dom" />
/** The box that tries the model: it takes texts or tokens, and shows the probabilities of the labels. */
import { counted } from "../../lib/base/counted.ts";
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedEvent, type TargetedKeyboardEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ModelInfo } from "../../lib/predict/types.ts";
import { type Answers, messageOf, predict, type Question } from "../api.ts";
import { count } from "../../lib/report/format.ts";
import { asCurl, asTypeScript, linesOf, questionsOf, randomTokens } from "../state/question.ts";
import type { Loaded } from "../store.ts";
import { Card } from "../ui/card.ts";
import { Copy } from "../ui/copy.ts";
import { AnswerView, labelText } from "./answer.ts";

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
  const text = useSignal("");
  const isPerLine = useSignal(false);
  const problem = useSignal("");
  const asked = useSignal<readonly Asked[]>([]);
  /** Number of the newest question: late answers to older ones are not shown. */
  const newest = useRef(0);
  const kind = model && `${model.text} ${model.length} ${model.vocabulary} ${model.run}`;
  const fill = () => {
    if (model) text.value = randomTokens(model.length, model.vocabulary, Math.random).join(" ");
  };
  useEffect(() => {
    text.value = "";
    asked.value = [];
    problem.value = "";
    if (model && !model.text) fill();
  }, [kind]);
  if (model && run !== "" && model.run !== run) return h(OtherRun, { run, served: model.run });
  if (!model) return h(Card, { id: "try", title: "Try it", empty: error ?? "No model yet" });

  const ask = async () => {
    const questions = questionsOf(text.value, model, isPerLine.value && isLong);
    const number = ++newest.current;
    if (questions.length === 0) {
      problem.value = "Type a text first: the model has nothing to read";
      return;
    }
    try {
      const answer = { text: text.value, questions, answers: await predict(questions) };
      if (number !== newest.current) return;
      asked.value = [answer, ...asked.value.filter(({ text }) => text !== answer.text)].slice(0, 1 + HISTORY);
      problem.value = "";
    } catch (refused) {
      if (number === newest.current) problem.value = messageOf(refused);
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void ask();
  };
  const press = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void ask();
  };
  const random = () => {
    fill();
    void ask();
  };
  const isLong = linesOf(text.value).length > 1;
  const [last, ...earlier] = asked.value;
  return h(
    Card,
    { id: "try", title: "Try it", head: markup`<a class="more" href="docs">API</a>` },
    markup`
    <form id="predict-form" onSubmit=${submit}>
      <label for="sample" class="hint">${model.text ? "Text" : "Tokens"}</label>
      <textarea id="sample" rows=${model.text ? 3 : 1} class=${
      model.text ? "prose" : ""
    } spellcheck=${false} autocomplete="off"
        inputmode=${model.text ? "text" : "numeric"} placeholder=${
      model.text ? "Type or paste a text" : ""
    } value=${text.value}
        aria-describedby="sample-hint" aria-invalid=${problem.value === "" ? undefined : "true"} onKeyDown=${press}
        onInput=${(event: TargetedEvent<HTMLTextAreaElement>) => text.value = event.currentTarget.value}></textarea>
      <p id="sample-hint" class="hint">${hintOf(model)}</p>
      ${
      isLong
        ? markup`<label class="switch"><input id="per-line" type="checkbox" checked=${isPerLine.value}
        onChange=${() => isPerLine.value = !isPerLine.value} /><span>Each line is a text of its own</span></label>`
        : null
    }
      <p class="buttons"><button type="submit" class="primary">Predict</button>
        ${model.text ? null : markup`<button type="button" id="random" onClick=${random}>Random</button>`}</p>
    </form>
    <div id="result" aria-live="polite">
      ${problem.value === "" ? null : markup`<p id="predict-error" class="error">${problem.value}</p>`}
      ${last && problem.value === "" ? h(AnswerView, { ...last, model }) : null}
      ${
      last || problem.value !== ""
        ? null
        : markup`<p class="hint">${
          model.text ? "Enter predicts, Shift and Enter start a new line." : "Press Random for a sequence."
        }</p>`
    }
    </div>
    ${last && problem.value === "" ? h(Copies, last) : null}
    ${
      earlier.length === 0
        ? null
        : markup`<h3>Earlier</h3><ul id="earlier" class="pairs">${
          earlier.map((one) =>
            markup`<li key=${one.text}><button type="button" class="link" title=${one.text}
      onClick=${() => text.value = one.text}>${one.text}</button><span class="value">${
              labelText(one.answers)
            }</span></li>`
          )
        }</ul>`
    }`,
  );
}

function OtherRun({ run, served }: { readonly run: string; readonly served: string }): ComponentChildren {
  const command = `deno task serve ${run}`;
  return h(
    Card,
    { id: "try", title: "Try it" },
    markup`
    <p id="served" class="hint">${`This server answers with run ${served}. To ask this run, serve it:`}</p>
    <p class="command"><code>${command}</code>${h(Copy, { text: command, name: command }, "Copy")}</p>`,
  );
}

/** Buttons that copy the question as a program asks it. */
function Copies({ questions }: Pick<Asked, "questions">): ComponentChildren {
  const address = new URL("predict", location.href).href;
  return markup`<p class="copies">${
    h(Copy, { text: asCurl(questions, address), name: "the question", look: "link" }, "Copy as curl")
  }${h(Copy, { text: asTypeScript(questions, address), name: "the question", look: "link" }, "as TypeScript")}</p>`;
}

function hintOf({ text, length, vocabulary, labels }: ModelInfo): string {
  const answers = labels.length <= NAMED
    ? `Answers: ${labels.join(", ")}.`
    : `Answers with one of ${counted(labels.length, "label")}.`;
  return text
    ? `Reads up to ${counted(length, "token")}. ${answers}`
    : `${counted(length, "token")} from 0 to ${count(vocabulary - 1)}. ${answers}`;
}
