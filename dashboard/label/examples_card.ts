/** Says how many rows were labelled, lists the newest, each with a way back, and says how to train on them. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { count, moment } from "../../lib/report/format.ts";
import { textOf } from "../state/question.ts";
import type { Retrained, RetrainingState } from "../../lib/predict/labelling.ts";
import { Card, Command, Field, Short } from "../ui/card.ts";
import type { Labelled, LabelStore } from "./label_store.ts";

/** Newest rows that are listed. */
const LISTED = 5;

interface ExamplesProps {
  readonly labels: LabelStore;
  readonly run: string;
  /** False for a user who can only label. */
  readonly mayTrain: boolean;
}

export function ExamplesCard({ labels, run, mayTrain }: ExamplesProps): ComponentChildren {
  const all = labels.count.value;
  const { columns } = labels.model.value;
  const row = ({ id, item, labels: given }: Labelled) => {
    const values = Object.values(item.row).filter((value) => value !== null);
    const [text, name] = [columns ? values.join(" | ") : textOf(item.row), given.join(", ") || "no label"];
    return markup`<li key=${id}>${h(Short, { text, look: "pair" })}<span class="value">${h(Short, { text: name })}
      <button type="button" class="link" aria-label="Undo ${name}: ${text.slice(0, 80)}"
        onClick=${() => labels.undo(id)}>Undo</button></span></li>`;
  };
  const who = {
    id: "label-who",
    label: "Your name",
    kind: "text",
    text: labels.who.value,
    hint: "Optional: saved with each example",
    set: (text: string) => labels.who.value = text,
    more: { maxlength: 100, autocomplete: "name" },
  } as const;
  const newest = labels.labelled.value.slice(0, LISTED);
  const retraining = labels.retraining.value;
  const train = mayTrain && !retraining && all !== undefined && all > 0 &&
    markup`<p class="hint train">Continue the run with them:</p>
    ${h(Command, { text: `deno task train runs/${run}/examples.jsonl --from ${run}` })}`;
  const content = markup`<p id="labelled" class="big">${count(labels.labelled.value.length)}</p>
    <p class="note">labelled in this session${all !== undefined && `, ${count(all)} in all`}</p>
    ${newest.length > 0 && markup`<ol id="newest" class="pairs">${newest.map(row)}</ol>`}
    ${h(Field, who)}${train}${retraining && h(Retraining, retraining)}`;
  return h(Card, { id: "examples", title: "Examples" }, content);
}

const OUTCOMES: Readonly<Record<Retrained["outcome"], (run: string) => string>> = {
  swapped: (run) => `Run ${run} answers since`,
  kept: (run) => `Run ${run} was not better,`,
  failed: (run) => `The training of run ${run} failed,`,
};

/** Says when the server trains on the examples, and how its last training ended. */
export function Retraining({ after, examples, training, last }: RetrainingState): ComponentChildren {
  const state = training === null
    ? `Trains on after ${count(after)} new examples: ${count(examples)} so far`
    : `Run ${training} is being trained with the examples`;
  const ended = last && markup`<p class="hint">${OUTCOMES[last.outcome](last.run)} ${moment(last.at)}: ${last.why}</p>`;
  return markup`<h3>Training</h3><div id="retraining" role="status"><p>${state}</p>${ended}</div>`;
}
