/** Builds the module of an export to Python, and the files that it reads beside the weights. */
import type { TrainedModel } from "../../../predict/trained_model.ts";
import { characterTable } from "./characters.ts";
import classifier from "./classifier.py" with { type: "text" };

/** Returns a module that loads the LSTM, with the parts that all of them share behind it: one file. */
export function pythonModule(loader: string): string {
  return `${loader.trimEnd()}\n\n\n${classifier}`;
}

/** Returns the files that a module needs to cut texts; Hugging Face's tokenizers have a library of their own. */
export function pythonFiles({ preprocessing }: TrainedModel): [name: string, content: string][] {
  const isPlain = preprocessing && preprocessing.tokenizer.kind !== "huggingface";
  return isPlain ? [["characters.json", JSON.stringify(characterTable())]] : [];
}

/** Returns a `requirements.txt`; a model with a tokenizer of Hugging Face needs its library to cut texts. */
export function requirements({ preprocessing }: TrainedModel, packages: readonly string[]): string {
  const tokenizers = preprocessing?.tokenizer.kind === "huggingface" ? ["tokenizers>=0.23,<0.24"] : [];
  return [...packages, "numpy>=1.22", ...tokenizers].map((line) => `${line}\n`).join("");
}
