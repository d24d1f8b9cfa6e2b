/** Builds `predict.js` of an exported model: one module for browsers, which has all that it uses. */
import type { TrainedModel } from "../../../predict/trained_model.ts";
import { textsOf } from "../format.ts";
import huggingFace from "../js/huggingface.gen.js" with { type: "text" };
import { browserModules } from "./modules.ts";

const IMPORT = /^import\b[^;]*;\n/gm;

/**
 * Returns the module `predict` with all modules that it imports behind it, and the tokenizers of Hugging Face if `model` has
 * one.
 */
export function predictFiles(predict: string, model: TrainedModel): [name: string, text: string][] {
  const isExact = textsOf(model) === "hugging face";
  const tokenizer = isExact
    ? 'import { exactTokenizer } from "./huggingface.js";'
    : "const exactTokenizer = undefined;";
  const own = predict.replaceAll(IMPORT, "").trim();
  return [
    ["predict.js", `// @ts-self-types="./predict.d.ts"\n${own}\n\n${tokenizer}\n\n${browserModules()}\n`],
    ...isExact ? [["huggingface.js", huggingFace] satisfies [string, string]] : [],
  ];
}
