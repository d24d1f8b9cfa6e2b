/**
 * Lists the modules that `predict.js` of an exported model uses: the same code that splits texts and reads n-grams here.
 * There is no bundler: they are concatenated in the order of their imports, without types and imports.
 */
import { stripTypeScriptTypes } from "node:module";
import features from "../../../ngrams/features.ts" with { type: "text" };
import hashed from "../../../ngrams/hashed.ts" with { type: "text" };
import keyTable from "../../../ngrams/key_table.ts" with { type: "text" };
import combine from "../../../ngrams/combine.ts" with { type: "text" };
import model from "../../../ngrams/model.ts" with { type: "text" };
import rejection from "../../../model/rejection.ts" with { type: "text" };
import batch from "../../../data/batches/batch.ts" with { type: "text" };
import letterRows from "../../../data/batches/letter_rows.ts" with { type: "text" };
import wordVectors from "../../../model/word_vectors.ts" with { type: "text" };
import several from "../../../data/several.ts" with { type: "text" };
import thresholds from "../../../model/thresholds.ts" with { type: "text" };
import topLabels from "../../../standalone/top_labels.ts" with { type: "text" };
import metrics from "../../../data/metrics.ts" with { type: "text" };
import encoder from "../../../data/encode/text_encoder.ts" with { type: "text" };
import growing from "../../../base/growing_arrays.ts" with { type: "text" };
import interner from "../../../data/vocabulary/interner.ts" with { type: "text" };
import characters from "../../../base/characters.ts" with { type: "text" };
import plainTokenizers from "../../../data/tokenizers/plain_tokenizers.ts" with { type: "text" };
import normalForm from "../../../base/normal_form.ts" with { type: "text" };
import tokenizer from "../../../data/tokenizers/tokenizer.ts" with { type: "text" };
import batches from "./batches.ts" with { type: "text" };
import folder from "./folder.ts" with { type: "text" };
import questions from "./questions.ts" with { type: "text" };
import tokenKeys from "../../../data/vocabulary/token_keys.ts" with { type: "text" };
import vocabulary from "../../../data/vocabulary/vocabulary.ts" with { type: "text" };

const MODULES = [
  growing,
  interner,
  vocabulary,
  characters,
  normalForm,
  tokenizer,
  plainTokenizers,
  encoder,
  tokenKeys,
  batch,
  letterRows,
  wordVectors,
  keyTable,
  features,
  model,
  hashed,
  metrics,
  several,
  rejection,
  thresholds,
  topLabels,
  combine,
  batches,
  folder,
  questions,
];

const IMPORT = /^import\b[^;]*;\n/gm;
const EXPORT = /^export (?=\w)/gm;
/** Matches the spaces that types leave behind. */
const GAPS = /(?<=\S) {2,}(?=\S)/g;

/** Returns the modules that each predict.js uses. No two may use the same name. */
export function browserModules(): string {
  const texts = MODULES.map((text) => stripTypeScriptTypes(text).replaceAll(IMPORT, "").replaceAll(EXPORT, ""));
  return texts.map((text) => tidied(text.replaceAll(GAPS, " "))).join("\n\n");
}

function tidied(text: string): string {
  return text.replaceAll(/ +$/gm, "").replaceAll(/\n{3,}/g, "\n\n").trim();
}
