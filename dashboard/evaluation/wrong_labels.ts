/** Looks for wrong labels among all rows of a run on files, and shows what was found. */
import { useSignal, useSignalEffect } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { counted } from "../../lib/base/counted.ts";
import type { Examination } from "../../lib/model/examination.ts";
import type { RowFindings } from "../../lib/model/label_findings.ts";
import { percent } from "../../lib/report/format.ts";
import { findWrongLabels } from "../../lib/report/outcome.ts";
import type { CrossValidationState } from "../../lib/run/library/examinations.ts";
import { messageOf, pathOf, request } from "../api.ts";
import type { Store } from "../store.ts";
import { Card, Short } from "../ui/card.ts";

/** The card of the run that is shown. Give it the run as its key. */
export function WrongLabels({ store }: { readonly store: Store }): ComponentChildren {
  const run = store.view.peek().run;
  const path = pathOf(run, "cross-validation");
  const state = useSignal<CrossValidationState | undefined>(undefined);
  const refusal = useSignal("");
  const ask = async (method = "GET") => {
    try {
      const answer = await request<CrossValidationState | undefined>(path, method);
      state.value = answer ?? await request<CrossValidationState>(path);
      refusal.value = "";
    } catch (error) {
      refusal.value = messageOf(error);
    }
  };
  useSignalEffect(() => {
    void store.tick.value;
    const known = state.peek();
    if (!known && refusal.peek() === "" || known?.state === "running") void ask();
  });
  return h(WrongLabelsCard, { run, state: state.value, refusal: refusal.value, ask });
}

interface CardProps {
  readonly run: string;
  /** Undefined until the server has answered. */
  readonly state: CrossValidationState | undefined;
  /** Says why the last request was refused; "" if it was not. */
  readonly refusal: string;
  readonly ask: (method: "POST" | "DELETE") => void;
}

export function WrongLabelsCard({ run, state, refusal, ask }: CardProps): ComponentChildren {
  const card = { id: "wrong-labels", title: "Wrong labels" };
  if (!state) return h(Card, { ...card, empty: refusal || "Loading" });
  const { result, rows, progress = 0, mayStart } = state;
  const isRunning = state.state === "running";
  const button = (text: string, method: "POST" | "DELETE") =>
    markup`<button type="button" class="plain" onClick=${() => ask(method)}>${text}</button>`;
  const start = mayStart && button(result ? "Look again" : "Look for wrong labels", "POST");
  const download = rows !== undefined && !isRunning &&
    markup`<a class="more" href="${pathOf(run, "cross-validation")}/rows" download=${rows}>All rows as a file</a>`;
  const how = mayStart || result
    ? markup`N-grams of other rows predict each row of the run's files: labels that they find improbable may be wrong.`
    : markup`This server does not look for them: <code>${findWrongLabels(run)}</code>`;
  const work = isRunning &&
    markup`<p><progress aria-label="Cross-validation" value=${progress}></progress>${" "}${percent(progress, 0)}</p>`;
  const content = markup`<p class="hint">${how}</p>
    <p class="error" role="alert">${refusal || state.error}</p>${work}${result && h(Found, { result })}`;
  const head = markup`${download}${isRunning ? button("Stop", "DELETE") : start}`;
  return h(Card, { ...card, head }, content);
}

function Found({ result }: { readonly result: Examination }): ComponentChildren {
  const { rows, accuracy, macroF1, microF1, spread, suspects, nearDuplicates, confused, thin } = result;
  const [metric, value] = microF1 === undefined ? ["Accuracy", accuracy] as const : ["Micro-F1", microF1] as const;
  const facts = [
    [metric, percent(value), `± ${percent(spread)} over the folds`],
    ["Macro-F1", percent(macroF1), `of ${counted(rows, "unseen row")}`],
  ].map(([name, value, more]) =>
    markup`<div key=${name}><dt>${name}</dt><dd>${value} <span class="at">${more}</span></dd></div>`
  );
  const wrong = `Probably wrong: ${counted(suspects.rows, "row")}`;
  const near = `Almost equal, with other labels: ${counted(nearDuplicates.rows, "row")}`;
  const pairs = confused.map((one) => Line([one.label, one.given], counted(one.rows, "row")));
  const classes = thin.map(({ label, rows, f1 }) =>
    Line([label], `${counted(rows, "row")}, ${f1 === null ? "too few to learn" : `F1 ${percent(f1, 1)}`}`)
  );
  const none = markup`<li>None</li>`;
  return markup`<dl class="outcome">${facts}</dl>
    <div class="halves">
      <div><h3>${wrong}</h3>${Rows(wrong, suspects.examples.map(Suspect))}</div>
      <div>
        <h3>${near}</h3>${Rows(near, nearDuplicates.examples.map(Near))}
        <h3>Confused</h3><ol class="pairs">${pairs.length === 0 ? none : pairs}</ol>
        <h3>Classes that need rows</h3><ol class="pairs">${classes.length === 0 ? none : classes}</ol>
      </div>
    </div>`;
}

function Rows(name: string, items: readonly ComponentChildren[]): ComponentChildren {
  if (items.length === 0) return markup`<p class="hint">None</p>`;
  return markup`<ol class="mistakes" tabindex="0" aria-label=${name}>${items}</ol>`;
}

function Suspect({ place, text, label, likely, likelyProbability }: RowFindings): ComponentChildren {
  const [own, other] = [h(Short, { text: label, look: "actual" }), h(Short, { text: likely, look: "predicted" })];
  return markup`<li key=${place}><p class="verdict">${own}${" is probably "}${other}${` (${
    percent(likelyProbability)
  }) `}<span class="place">${place}</span></p><p class="text">${text}</p></li>`;
}

function Near({ place, text, label, near }: RowFindings): ComponentChildren {
  const [own, other] = [label, near!.label].map((text) => h(Short, { text, look: "actual" }));
  return markup`<li key=${place}><p class="verdict">${own} <span class="place">${place}</span>${" is like "}${other}${" "}<span
    class="place">${near!.place}</span></p><p class="text">${text}</p></li>`;
}

function Line(labels: readonly string[], value: string): ComponentChildren {
  const [label, given] = labels.map((text) => h(Short, { text }));
  return markup`<li key=${labels.join(" ")}><span class="pair">${label}${given && " predicted as "}${given}</span><span
    class="value">${value}</span></li>`;
}
