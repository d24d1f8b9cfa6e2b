/** Decides which labels people can choose from, what their keys do, and what a refusal means for them. No DOM. */
import type { Prediction } from "../../lib/predict/types.ts";
import { type RankedLabel, topLabels } from "../../lib/standalone/top_labels.ts";
import { Refusal } from "../api.ts";
import type { Fields, Texts } from "./question.ts";

/** A row that waits for its label. */
export interface Item {
  /** The row as `POST /examples` takes it, and the same as JSON, which identifies it. */
  readonly row: Fields;
  readonly key: string;
  /** The most probable labels, the most probable first; none if the model was not asked. */
  readonly guesses: readonly RankedLabel[];
  /** The labels that the model gives. */
  readonly given: readonly string[];
  /** The texts in the fields, for a row that the user typed. */
  readonly texts?: Texts;
}

export function itemOf(row: Fields, rest: Omit<Item, "row" | "key">): Item {
  return { row, key: JSON.stringify(row), ...rest };
}

const GUESSES = 3;

/** Returns the most probable labels of a prediction, and the labels that it gives. */
export function guessesOf(
  { probabilities, label, labels: several }: Prediction,
  labels: readonly string[],
): Pick<Item, "guesses" | "given"> {
  const guesses = topLabels(probabilities, labels, Math.min(GUESSES, labels.length));
  return { guesses, given: several ? several.map((one) => one.label) : label === null ? [] : [label] };
}

/** A label that can be chosen. */
export interface Choice {
  readonly label: string;
  readonly probability?: number | undefined;
}

/** Number of labels that are listed: each has a digit. */
export const MOST_CHOICES = 9;

interface Choosable {
  /** All labels that are known. */
  readonly labels: readonly string[];
  readonly guesses: Item["guesses"];
  /** The text that the user looks for. */
  readonly typed: string;
  /** Labels that the user gave before, the newest first. */
  readonly recent: readonly string[];
}

/**
 * Returns the labels to choose from. A few stay in their order, so that each keeps its digit. Of many, those that the model
 * finds probable come first, then those that the user gave before. A typed text leaves those that have it.
 */
export function choicesOf({ labels, guesses, typed, recent }: Choosable): Choice[] {
  const wanted = typed.trim().toLowerCase();
  const some = wanted !== ""
    ? matching(labels, wanted)
    : labels.length <= MOST_CHOICES
    ? labels
    : [...new Set([...guesses.map(({ label }) => label), ...recent, ...labels])];
  return some.slice(0, MOST_CHOICES)
    .map((label) => ({ label, probability: guesses.find((guess) => guess.label === label)?.probability }));
}

/** Returns the labels that contain `wanted`: first those that begin with it, then those of which a word does. */
function matching(labels: readonly string[], wanted: string): string[] {
  const rank = (label: string) => {
    const at = label.toLowerCase().indexOf(wanted);
    if (at < 0) return -1;
    return at === 0 ? label.length === wanted.length ? 0 : 1 : /[\s_\-./]/.test(label[at - 1]!) ? 2 : 3;
  };
  return labels.map((label) => ({ label, rank: rank(label) })).filter(({ rank }) => rank >= 0)
    .toSorted((a, b) => a.rank - b.rank).map(({ label }) => label);
}

/** An action that a key stands for; `find` leaves the key to the field of labels. */
export type KeyAction = { readonly choose: number } | "confirm" | "skip" | "undo" | "find";

type Key = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** Returns the action of a key that is pressed outside of a field; undefined for one without. */
export function actionOf({ key, ctrlKey, metaKey, altKey, shiftKey }: Key): KeyAction | undefined {
  if (ctrlKey || metaKey) return key === "z" && !shiftKey && !altKey ? "undo" : undefined;
  if (altKey) return undefined;
  if (/^[1-9]$/.test(key)) return { choose: Number(key) - 1 };
  const named: Readonly<Record<string, KeyAction>> = { Enter: "confirm", s: "skip", u: "undo", "/": "find" };
  return Object.hasOwn(named, key) ? named[key] : /^\p{L}$/u.test(key) ? "find" : undefined;
}

/** Returns the labels of several after a choice: with it, or without it if they had it. */
export function toggled(labels: readonly string[], label: string): string[] {
  return labels.includes(label) ? labels.filter((one) => one !== label) : [...labels, label];
}

/** Says what was not done, and how the user can continue. */
export function problemText(error: unknown, undone: string): string {
  const safe = "Nothing that you typed is lost";
  if (!(error instanceof Refusal)) return `${undone}: the server does not answer. ${safe}: try again.`;
  const words = error.message.replace(/\.?$/, ".");
  if (error.status === 401 || error.status === 403) {
    return `${undone}, as your token does not allow it: ${words} ${safe}: load the page again, with another token.`;
  }
  return error.status >= 500 ? `${undone}: ${words} ${safe}: try again.` : `${undone}: ${words}`;
}
