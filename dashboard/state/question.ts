/** Turns what the user typed into questions for the model, and into commands that ask the same. No DOM. */
import type { ColumnKind } from "../../lib/formats/columns.ts";
import type { ModelInfo, Prediction } from "../../lib/predict/types.ts";

/** The fields of a model of several columns. */
export type Fields = Readonly<Record<string, unknown>>;

/** A model predicts the label of a text, of tokens, or of fields. */
export type Question = { readonly text: string } | { readonly tokens: readonly (number | string)[] } | Fields;

/** The texts of the fields for a row: a model of one text, or of tokens, has one. */
export type Texts = readonly string[];

/** Splits typed text at spaces and commas into numbers. Returns other words unchanged. */
export function parseTokens(text: string): (number | string)[] {
  return text.split(/[\s,]+/).filter((word) => word !== "").map((word) => {
    const value = Number(word);
    return Number.isFinite(value) ? value : word;
  });
}

/** Returns a valid sequence. `random` returns numbers from 0 to 1, exclusive. */
export function randomTokens(length: number, vocabulary: number, random: () => number): number[] {
  return Array.from({ length }, () => Math.floor(random() * vocabulary));
}

/** Returns the lines of `text` that are not empty. */
export function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** Returns the question in `texts`, one for each field of the box, or one per line of a text; none if all are empty. */
export function questionsOf(
  texts: Texts,
  { text: isText, columns }: Pick<ModelInfo, "text" | "columns">,
  isPerLine: boolean,
): Question[] {
  if (texts.every((text) => text.trim() === "")) return [];
  if (columns) return [Object.fromEntries(columns.map(({ name, kind }, at) => [name, valueOf(kind, texts[at] ?? "")]))];
  return (isPerLine ? texts.flatMap(linesOf) : texts)
    .map((text) => isText ? { text } : { tokens: parseTokens(text) });
}

/** Returns the value that a column gets: null for a missing one. */
function valueOf(kind: ColumnKind, text: string): string | number | null {
  if (kind === "text") return text;
  const number = kind === "number" ? Number(text) : NaN;
  return text.trim() === "" ? null : Number.isNaN(number) ? text : number;
}

/** Tells whether the model can say why it gives an answer. */
export function isExplained({ text, labels, several = false }: ModelInfo): boolean {
  return text && (several || labels.length > 1);
}

/** Keys of a body that are options: a field of that name must be within `instances`. */
const OPTIONS = ["instances", "reject", "top", "probabilities", "explain"];

/** Returns the body of a request that asks `questions`. */
export function bodyOf(questions: readonly Question[]): Fields {
  const [first = {}, ...others] = questions;
  return others.length > 0 || OPTIONS.some((key) => key in first) ? { instances: questions } : first;
}

/** Returns a command for a shell that asks `questions`. */
export function asCurl(questions: readonly Question[], address: string): string {
  return `curl ${address} -d '${JSON.stringify(bodyOf(questions)).replaceAll("'", `'\\''`)}'`;
}

/** Returns the same in TypeScript. */
export function asTypeScript(questions: readonly Question[], address: string): string {
  return `const response = await fetch(${JSON.stringify(address)}, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(${JSON.stringify(bodyOf(questions))}),
});
console.log(await response.json());`;
}

/** Returns the text of a question. */
export function textOf(question: Question): string {
  const { text, tokens, ...others }: Fields = question;
  if (typeof text === "string" && Object.keys(others).length === 0) return text;
  return Array.isArray(tokens) ? tokens.join(" ") : JSON.stringify(question);
}

/** Returns a CSV of questions and their answers. */
export function answersCsv(questions: readonly Question[], predictions: readonly Prediction[]): string {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const rows = predictions.map(({ label, labels, class: best, probabilities, rejected }, at) => {
    const name = labels ? labels.map((one) => one.label).join("|") : label ?? "";
    const probability = labels ? Math.max(...probabilities) : rejected?.probability ?? probabilities[best ?? -1];
    return [quoted(textOf(questions[at]!)), quoted(name), probability].join();
  });
  return ["text,label,probability", ...rows, ""].join("\n");
}
