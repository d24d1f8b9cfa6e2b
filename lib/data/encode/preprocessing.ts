/** Turns texts into the ids that a model reads. It is saved beside the model, so that serving does the same as training. */
import { type ReadingRules, spellingOf } from "../../base/normal_form.ts";
import { Fields, listOf, oneOf, text, whole } from "../../base/shapes.ts";
import { type TokenizerJson, tokenizerShape } from "../tokenizers/schema.ts";
import { hasLetters, type Tokenizer } from "../tokenizers/tokenizer.ts";
import { keysOfVocabulary, type TokenKeys } from "../vocabulary/token_keys.ts";
import { Vocabulary } from "../vocabulary/vocabulary.ts";
import { rowKeys } from "./row_keys.ts";
import { columnShape, createBinnedCutter, createFieldCutter, type FieldColumn, marksOf, shownToken } from "./fields.ts";
import { createTextEncoder, type EncodeText, shortCut } from "./text_encoder.ts";
import type { FieldRow } from "../../formats/columns.ts";

export interface PreprocessingJson {
  readonly tokenizer: TokenizerJson;
  /** The known tokens, from id 2 on; 0 is padding and 1 any unknown token. */
  readonly vocabulary: readonly string[];
  readonly maxLength: number;
  readonly truncate: "end" | "start";
  /** The rules by which rows are read; absent for the first ones. */
  readonly rules?: ReadingRules | undefined;
  /** The columns of a row; absent for rows of one text. */
  readonly columns?: readonly FieldColumn[] | undefined;
}

/** Most tokens of a vocabulary and of a row, and most columns: more than any config allows. */
const [MOST_KNOWN, MOST_TOKENS, MOST_COLUMNS] = [2 ** 24, 2 ** 16, 1000];

/** Throws a ShapeError unless `value` describes how texts become ids. */
export function preprocessingShape(value: unknown, field: string): PreprocessingJson {
  const fields = new Fields(value, field).only(...[
    "tokenizer",
    "vocabulary",
    "maxLength",
    "truncate",
    "rules",
    "columns",
  ]);
  const rules = fields.maybe("rules", oneOf<ReadingRules>(1, 2));
  const columns = fields.maybe("columns", listOf(columnShape, 1, MOST_COLUMNS));
  return {
    tokenizer: fields.read("tokenizer", tokenizerShape),
    vocabulary: fields.read("vocabulary", listOf(text, 0, MOST_KNOWN)),
    maxLength: fields.read("maxLength", whole(1, MOST_TOKENS)),
    truncate: fields.read("truncate", oneOf("end", "start")),
    ...rules && { rules },
    ...columns && { columns },
  };
}

export interface Preprocessing {
  /** Number of ids, with padding and unknown. */
  readonly vocabulary: number;
  readonly maxLength: number;
  /** Tells whether tokens are words, whose letters count. */
  readonly hasLetters: boolean;
  /** The rules by which rows are read. */
  readonly rules: ReadingRules;
  /** The columns of a row; undefined for rows of one text. */
  readonly columns: readonly FieldColumn[] | undefined;
  readonly encode: EncodeText;
  /** Returns the key of a row, as training computed it. */
  readonly keyOf: (row: string | readonly string[] | FieldRow) => number;
  /** Returns the strings of `tokens`; undefined for padding and unknown. */
  decode(tokens: ArrayLike<number>): (string | undefined)[];
}

/** Returns the keys of the ids, with those of letters where tokens are words. */
export function tokenKeysOf({ vocabulary, tokenizer, columns }: PreprocessingJson): TokenKeys {
  const keys = keysOfVocabulary(vocabulary, hasLetters(tokenizer.kind));
  return columns ? { ...keys, marks: [...keysOfVocabulary(marksOf(columns), false).keys] } : keys;
}

/** Creates the preprocessing of `json` with its tokenizer. */
export function createPreprocessing(
  { maxLength, truncate, rules = 1, vocabulary: known, columns }: PreprocessingJson,
  tokenizer: Tokenizer,
): Preprocessing {
  const spelled = spellingOf(tokenizer.json, rules);
  const keyOf = rowKeys(tokenizer);
  const vocabulary = new Vocabulary(known);
  const cutter = columns && createFieldCutter(columns, tokenizer.cut, spelled);
  const short = columns && createFieldCutter(columns, shortCut(tokenizer, { maxLength, truncate }), spelled);
  const cutFields = short && createBinnedCutter(columns, short);
  const spelledRow = (row: string | readonly string[] | FieldRow) => {
    if (typeof row === "string") return spelled(row);
    return "fields" in row ? cutter?.cut(row) ?? [] : row.map(spelled);
  };
  return {
    vocabulary: vocabulary.size,
    maxLength,
    hasLetters: hasLetters(tokenizer.json.kind),
    rules,
    columns,
    encode: createTextEncoder(tokenizer, vocabulary, { maxLength, truncate, rules, cutFields }),
    keyOf: (row) => keyOf(spelledRow(row)),
    decode: (tokens) =>
      Array.from(tokens, (token) => {
        const own = vocabulary.token(token);
        return columns ? shownToken(own) : own;
      }),
  };
}
