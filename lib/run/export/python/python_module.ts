/** Builds the module of an export to Python, and the files that it reads beside the weights. */
import type { TrainedModel } from "../../../predict/trained_model.ts";
import { textsOf } from "../format.ts";
import { characterTable } from "./characters.ts";
import classifier from "./classifier.py" with { type: "text" };

/** Returns a module that loads the LSTM, with the parts that all of them share behind it: one file. */
export function pythonModule(loader: string): string {
  return `${loader.trimEnd()}\n\n\n${classifier}`;
}

/** Returns the files that a module needs to cut texts; Hugging Face's tokenizers have a library of their own. */
export function pythonFiles(model: TrainedModel): [name: string, content: string][] {
  return textsOf(model) === "plain" ? [["characters.json", JSON.stringify(characterTable())]] : [];
}

/** Returns a `requirements.txt`; a model with a tokenizer of Hugging Face needs its library to cut texts. */
export function requirements(model: TrainedModel, packages: readonly string[]): string {
  const tokenizers = textsOf(model) === "hugging face" ? ["tokenizers>=0.23,<0.24"] : [];
  return [...packages, "numpy>=1.22", ...tokenizers].map((line) => `${line}\n`).join("");
}
