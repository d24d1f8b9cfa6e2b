/// <reference lib="dom" />
/** The labels to choose from, with the model's probabilities, and the field that finds others or adds a new one. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedKeyboardEvent } from "preact";
import { counted } from "../../lib/base/counted.ts";
import { percent } from "../../lib/report/format.ts";
import { actionOf, type Choice, choicesOf, type Item, toggled } from "../state/labelling.ts";
import { Field } from "../ui/card.ts";
import type { LabelStore } from "./label_store.ts";

/** Id of the field that finds labels. */
export const FIND = "label-find";

const MOST_IN_LABEL = 200;

function listed({ labels, recent, typed, item }: LabelStore): Choice[] {
  const { guesses = [] } = item.value ?? {};
  return choicesOf({ labels: labels.value, guesses, recent: recent.value, typed: typed.value });
}

/** Returns the labels that Enter gives: the one that is typed, the chosen ones, or the one that the model finds most probable. */
export function confirmed(labels: LabelStore): readonly string[] {
  const { item, model, picked } = labels;
  const typed = labels.typed.value.trim();
  if (model.value.several) return picked.value;
  if (typed !== "") return [listed(labels)[0]?.label ?? typed];
  const { given = [], guesses = [] } = item.value ?? {};
  const best = given[0] ?? guesses[0]?.label;
  return best === undefined ? [] : [best];
}

/** Gives the label at this place of the list, or chooses it where there may be several. */
export function decide(labels: LabelStore, at: number): void {
  const choice = listed(labels)[at];
  if (choice) choose(labels, choice.label);
}

function choose(labels: LabelStore, label: string): void {
  if (!labels.model.value.several) return void labels.label([label]);
  labels.picked.value = toggled(labels.picked.value, label);
  labels.typed.value = "";
}

export interface ChoicesProps {
  readonly labels: LabelStore;
  readonly item: Item;
}

export function Choices({ labels, item }: ChoicesProps): ComponentChildren {
  const { several = false } = labels.model.value;
  const [typed, picked, choices] = [labels.typed.value.trim(), labels.picked.value, listed(labels)];
  const isNew = typed !== "" && !labels.labels.value.includes(typed);
  const best = confirmed(labels);
  const option = ({ label, probability }: Choice, at: number) => {
    const isChosen = several ? picked.includes(label) : label === best[0];
    return markup`<li key=${label}><button type="button" class="choose ${isChosen && "chosen"}"
      aria-pressed=${several ? String(isChosen) : undefined} aria-keyshortcuts=${at + 1}
      onClick=${() => choose(labels, label)}><kbd aria-hidden="true">${at + 1}</kbd><span class="name">${label}</span>
      <span class=${probability === undefined ? "" : "track"} aria-hidden="true"><span class="fill" style="width: ${
      100 * (probability ?? 0)
    }%"></span></span>
      <span class="number">${probability === undefined ? "" : percent(probability, 1)}</span></button></li>`;
  };
  const others = several ? picked.filter((label) => !choices.some((choice) => choice.label === label)) : [];
  const other = (label: string) =>
    markup`<li key=${label}><button type="button" class="plain" aria-label="Remove ${label}"
      onClick=${() => choose(labels, label)}>${label} ×</button></li>`;
  const press = (event: TargetedKeyboardEvent<HTMLInputElement>) => {
    if (event.isComposing) return;
    const [first] = choices;
    if (event.key === "Escape") labels.typed.value = "";
    else if (typed === "" && actionOf(event) === "undo") void labels.undo();
    else if (event.key !== "Enter" || event.repeat) return;
    else if (typed === "") void labels.label(best);
    else choose(labels, event.shiftKey || !first ? typed : first.label);
    event.preventDefault();
  };
  const field = {
    id: FIND,
    label: "Another label",
    kind: "text",
    text: labels.typed.value,
    hint: `Type to find one of ${counted(labels.labels.value.length, "label")}, or to add a new one.`,
    set: (text: string) => labels.typed.value = text,
    more: { maxlength: MOST_IN_LABEL, onKeyDown: press },
  } as const;
  const add = isNew && markup`<p class="add"><button type="button" class="plain" onClick=${() => choose(labels, typed)}>
    New label “${typed}”</button>${choices.length > 0 && markup` <span class="hint keys">Shift and Enter</span>`}</p>`;
  const name = several ? `Save ${best.length === 0 ? "without a label" : counted(best.length, "label")}` : best[0];
  const confirm = name !== undefined && markup`<button type="button" class="primary"
    onClick=${() => labels.label(best)}>${name} ${key("Enter")}</button>`;
  const keys = several ? "Digits choose labels, Enter saves them" : "Digits choose a label, Enter the marked one";
  return markup`
    <ol id="choices" class="choices" aria-label="Labels">${choices.map(option)}</ol>
    ${others.length > 0 && markup`<ul class="picked" aria-label="Other chosen labels">${others.map(other)}</ul>`}
    ${h(Field, field)}${add}
    <p class="buttons">${confirm}
      <button type="button" onClick=${() => labels.skip()}>${item.texts ? "Back" : "Skip"} ${key("S")}</button>
      <button type="button" disabled=${labels.labelled.value.length === 0}
        onClick=${() => labels.undo()}>Undo ${key("U")}</button></p>
    <p class="hint keys">${keys}, and letters find one. Ctrl and Z undo, too.</p>`;
}

function key(name: string): ComponentChildren {
  return markup`<kbd aria-hidden="true">${name}</kbd>`;
}
