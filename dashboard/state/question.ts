/** Turns what the user typed into questions for the model, and into commands that ask the same. No DOM. */
import { isRecord } from "../../lib/base/record.ts";
import type { ModelInfo, Prediction } from "../../lib/predict/types.ts";

/** The fields of a model of several columns. */
type Fields = Readonly<Record<string, unknown>>;

/** A model predicts the label of a text, of tokens, or of fields. */
export type Question = { readonly text: string } | { readonly tokens: readonly (number | string)[] } | Fields;

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

/** Returns the questions in `text`: one, or one per line; none if it is empty. */
export function questionsOf(text: string, model: Pick<ModelInfo, "text" | "columns">, isPerLine: boolean): Question[] {
  const texts = isPerLine ? linesOf(text) : text.trim() === "" ? [] : [text];
  if (model.columns) return texts.map(fieldsIn);
  return texts.map((one) => model.text ? { text: one } : { tokens: parseTokens(one) });
}

/** Returns the fields in `text`, which is JSON; the server refuses any other text, and says what it expects. */
function fieldsIn(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : { text };
  } catch {
    return { text };
  }
}

const bodyOf = (questions: readonly Question[]): string =>
  JSON.stringify(questions.length === 1 ? questions[0] : { instances: questions });

/** Returns a command for a shell that asks `questions`. */
export function asCurl(questions: readonly Question[], address: string): string {
  return `curl ${address} -d '${bodyOf(questions).replaceAll("'", `'\\''`)}'`;
}

/** Returns the same in TypeScript. */
export function asTypeScript(questions: readonly Question[], address: string): string {
  return `const response = await fetch(${JSON.stringify(address)}, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(${bodyOf(questions)}),
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
