/** Turns what the user typed into questions for the model, and into commands that ask the same. No DOM. */
import type { ModelInfo, Prediction } from "../../lib/predict/types.ts";

/** A model predicts the label of a text, or of tokens. */
export type Question = { readonly text: string } | { readonly tokens: readonly (number | string)[] };

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
export function questionsOf(text: string, model: Pick<ModelInfo, "text">, isPerLine: boolean): Question[] {
  const texts = isPerLine ? linesOf(text) : text.trim() === "" ? [] : [text];
  return texts.map((one) => model.text ? { text: one } : { tokens: parseTokens(one) });
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
  return "text" in question ? question.text : question.tokens.join(" ");
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
