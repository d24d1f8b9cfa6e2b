/** Models of every kind, their exports, and the predictions of the product. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { NgramSpace } from "../../../lib/ngrams/features.ts";
import type { HashedSpace } from "../../../lib/ngrams/hashed.ts";
import { type Config, trainingConfig } from "../../../lib/config/schema.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { binTokens, type FieldColumn, marksOf } from "../../../lib/data/encode/fields.ts";
import type { PreprocessingJson } from "../../../lib/data/encode/preprocessing.ts";
import { FIELD_SEPARATOR } from "../../../lib/data/vocabulary/token_keys.ts";
import { initialWeights } from "../../../lib/model/initial.ts";
import { taskModel } from "../../../lib/model/task_model.ts";
import { type EXPORT_FORMATS, exportModel } from "../../../lib/run/export/export.ts";
import { writeModel } from "../../../lib/run/files/model_files.ts";
import { createReader } from "../../../lib/standalone/reader.ts";
import { openSaved } from "../../../lib/predict/batch_predictor.ts";
import type { Prediction } from "../../../lib/predict/types.ts";
import { sparseOf, tinyHashed, tinyLinear } from "../../ngrams/tiny_ngrams.ts";
import { TEXTS } from "../../standalone/models.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { tinyRunConfig } from "../tiny_run.ts";
import { WHITE_SPACE } from "../training/white_space_tokenizer.ts";

/** Sequences of every length that the model takes. */
export const sequences = [[3], [11, 0, 7, 7], [1, 2], [5, 4, 3], [0, 0, 0, 0]];

/** Tokens by name. No tokenizer splits them, and long ones are truncated as texts are. */
const named = [["ha", "HO", "he"], ["ha ho"], ["h", "zz", "ho", "ha", "he", "o"]];
const vocabulary = ["ha", "ho", "he", "h", "a", "o", " ", "hé", "σας", "你"];

export interface Case {
  readonly change: Partial<Config>;
  /** Set for a model of text. */
  readonly tokenizer?: PreprocessingJson["tokenizer"];
  readonly truncate?: "end" | "start";
  readonly space?: NgramSpace;
  /** The space of n-grams of earlier versions. */
  readonly hashed?: HashedSpace;
  readonly rules?: 1 | 2;
  /** True if rows may have several labels. */
  readonly several?: boolean;
  /** Set for rows of several columns. */
  readonly columns?: readonly FieldColumn[];
  /** True if each feature has weights for some classes only. */
  readonly sparse?: boolean;
}

export const ids: readonly Case[] = [
  { change: {} },
  { change: { bidirectional: true, pooling: "max", layers: 2 } },
  { change: { bidirectional: true, pooling: "last", lstmBiases: 2 } },
  { change: { pooling: "mean" } },
];
export const ofText: readonly Case[] = [
  { change: {}, tokenizer: { kind: "words", lowercase: true, punctuation: "keep" } },
  {
    change: {},
    tokenizer: { kind: "words", lowercase: true, punctuation: "keep" },
    rules: 2,
    space: { order: 2, hasEnds: false },
  },
  // One word has more runs of letters than a vector may have rows.
  {
    change: { letterRows: 40, bidirectional: true, pooling: "max" },
    tokenizer: { kind: "words", lowercase: true, punctuation: "keep" },
    rules: 2,
    space: { order: 2, hasEnds: false },
  },
  { change: { letterRows: 7 }, tokenizer: { kind: "words", lowercase: false, punctuation: "drop" }, rules: 2 },
  {
    change: {},
    tokenizer: { kind: "words", lowercase: true, punctuation: "keep" },
    rules: 2,
    space: { order: 2, hasEnds: false },
    several: true,
  },
  {
    change: {},
    tokenizer: { kind: "words", lowercase: true, punctuation: "keep" },
    rules: 2,
    space: { order: 2, hasEnds: false },
    several: true,
    sparse: true,
  },
  { change: {}, tokenizer: { kind: "chars", lowercase: true }, rules: 2, space: { order: 5, hasEnds: true } },
  {
    change: { bidirectional: true, pooling: "max" },
    tokenizer: { kind: "words", lowercase: true, punctuation: "drop" },
    truncate: "start",
    hashed: { order: 2, tokens: 12, features: 76 },
  },
  { change: {}, tokenizer: { kind: "chars", lowercase: false }, hashed: { order: 4, tokens: 12, features: 140 } },
  // Some tokens have no feature of their own.
  { change: {}, tokenizer: { kind: "codes" }, hashed: { order: 4, tokens: 5, features: 69 } },
];

/** An old run, whose texts a library cut that is no part of an export: it takes names and ids. */
export const ofHuggingFace: Case = { change: { letterRows: 30 }, tokenizer: WHITE_SPACE };

/** A run with a tokenizer of Hugging Face that cuts words into pieces; it does not know all letters. */
export const ofPieces: Case = {
  change: { letterRows: 30 },
  rules: 2,
  tokenizer: {
    kind: "huggingface",
    tokenizer: {
      model: {
        type: "WordPiece",
        vocab: { "[UNK]": 0, "h": 1, "##a": 2, "##o": 3, "ha": 4, "ho": 5, "he": 6, "!": 7, ",": 8, "x": 9, "##x": 10 },
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
      },
      normalizer: { type: "Lowercase" },
      pre_tokenizer: { type: "Whitespace" },
    },
  },
  space: { order: 2, hasEnds: false },
};

const COLUMNS: readonly FieldColumn[] = [
  { name: "subject", kind: "text" },
  { name: "amount", kind: "number", edges: [-2.5, 1e-7, 10, 1e21] },
  { name: "body text", kind: "text" },
  { name: "country", kind: "category" },
  { name: "age", kind: "number", edges: [] },
];
const WORDS = { kind: "words", lowercase: true, punctuation: "keep" } as const;

/** Rows of several columns: their marks, bins and categories are tokens as well. */
export const ofColumns: readonly Case[] = [
  {
    change: { length: 14 },
    tokenizer: WORDS,
    rules: 2,
    space: { order: 3, hasEnds: true },
    columns: COLUMNS,
  },
  {
    change: { length: 6, letterRows: 30 },
    tokenizer: WORDS,
    rules: 2,
    truncate: "start",
    space: { order: 2, hasEnds: false },
    columns: COLUMNS.slice(0, 4),
    several: true,
  },
  {
    change: { length: 9 },
    tokenizer: { kind: "chars", lowercase: false },
    rules: 2,
    space: { order: 5, hasEnds: true },
    columns: [COLUMNS[1]!, COLUMNS[2]!],
  },
];

/** The same with a tokenizer of Hugging Face. */
export const ofColumnPieces: Case = {
  ...ofPieces,
  change: { length: 14, letterRows: 30 },
  columns: COLUMNS,
};

/** The tokens of `columns` that a model knows, without those of words. */
function fieldTokens(columns: readonly FieldColumn[]): string[] {
  const categories = ["", "CH", "é", "7", "1e+21", "true"];
  return columns.flatMap((column) => {
    if (column.kind === "number") return binTokens(column);
    const values = column.kind === "text" ? [""] : categories;
    return values.map((value) => `${column.name}${FIELD_SEPARATOR}${value}`);
  });
}

/** Rows with missing, unusual and unknown values. */
const FIELDS: readonly Readonly<Record<string, string | number | boolean | null>>[] = [
  { "subject": "Ha ho, he!", "amount": 12.5, "body text": "he ho ha he ho", "country": "CH", "age": 3 },
  { "subject": "", "amount": null, "body text": null, "country": null, "age": null },
  { "subject": "ha ha", "amount": "n/a", "body text": "zz he\x1Fho haho", "country": " e\u0301 ", "age": "NaN" },
  { "subject": "he", "amount": " 1e1 ", "body text": "ho ho", "country": 7, "age": ".5" },
  { "subject": "ho", "amount": -3e7, "body text": "he ha", "country": 1e21, "age": -0 },
  { "subject": "ho zz ho", "amount": 1e-7, "body text": "ha", "country": true, "age": 1e300 },
  { "subject": "ho", "amount": 9.999, "body text": "a a o", "country": "unseen", "age": "" },
  { "subject": "h a o ".repeat(20), "amount": 1e21, "body text": "ha ".repeat(30), "country": 0.00001, "age": 1 },
  { "subject": "ho", "amount": 3e-7, "body text": "ha", "country": 1.5e-7, "age": 1 },
];

/** Returns the rows of `columns`. */
function rowsOf(columns: readonly FieldColumn[]): typeof FIELDS {
  return FIELDS.map((fields) => Object.fromEntries(columns.map(({ name }) => [name, fields[name]!])));
}

/** Inputs that a model of all columns refuses. */
export const REFUSED_FIELDS: readonly unknown[] = [
  "a text",
  null,
  7.5,
  ["subject"],
  {},
  { tokens: ["ha"] },
  { ids: [1] },
  { ...FIELDS[0], "amount": "12,5" },
  { ...FIELDS[0], "amount": true },
  { ...FIELDS[0], "amount": "1e999" },
  { ...FIELDS[0], "age": [1, { "a": "b" }] },
  { ...FIELDS[0], "subject": 7, "country": {}, "Subject": "ha" },
  { ...FIELDS[0], "subject": ["ha", "ho"], "body text": "x", "amount": "x".repeat(100) },
  Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`column ${at} ${"x".repeat(9 * at)}`, at])),
];

/** Returns the message of the product for each of them, of which it calls the input `name`. */
export function fieldMessages(name: string): string[] {
  const preprocessing: PreprocessingJson = {
    ...{ tokenizer: WORDS, vocabulary, maxLength: 4, truncate: "end", rules: 2 },
    columns: COLUMNS,
  };
  const reader = createReader({ vocabulary: 12, length: 4 }, preprocessing);
  return REFUSED_FIELDS.map((input) => {
    try {
      return `${JSON.stringify(reader.readFields(input, name))} was not refused`;
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
  });
}

/** Random weights are little more than a half sure of most answers. */
const REJECTION = { threshold: 0.55, points: [{ threshold: 0.55, precision: 0.9, coverage: 0.5 }] };

export type Input = string | readonly number[] | readonly string[] | typeof FIELDS[number];

export function isFields(input: Input): input is typeof FIELDS[number] {
  return typeof input === "object" && !Array.isArray(input);
}

/** Tells whether an input is token ids. */
export function isIds(input: Input): boolean {
  return Array.isArray(input) && typeof input[0] === "number";
}

/** Returns the question that means `input` in every model. */
export function questionOf(input: Input): unknown {
  if (typeof input === "string") return { text: input };
  if (isFields(input)) return input;
  return typeof input[0] === "number" ? { ids: input } : { tokens: input };
}

/** Calls `use` with the export of each model, its inputs, and the predictions of the product. */
export async function eachExport(
  format: keyof typeof EXPORT_FORMATS,
  use: (folder: string, inputs: readonly Input[], expected: readonly Prediction[], one: Case) => Promise<void>,
  cases: readonly Case[] = [...ids, ...ofText, ofHuggingFace],
): Promise<void> {
  for (const one of cases) {
    const { change, tokenizer, truncate = "end", space, hashed, rules, several, columns, sparse } = one;
    const known = columns ? [...fieldTokens(columns), ...vocabulary] : vocabulary;
    await inTemporaryDirectory(async (directory) => {
      // The rules refuse letters for a generated task, whose weights stand for those of a text here.
      const { letterRows = 0, ...others } = change;
      const labelled = several && { labels: "many" as const };
      const config = {
        ...trainingConfig(
          tinyRunConfig("runs", { ...others, ...columns && { vocabulary: known.length + 2 }, seed: 8 }),
        ),
        letterRows,
        ...labelled,
      };
      const { dataset: { labels }, spec, layout } = taskModel(config);
      const run = "20260101-000000-abcd";
      const weights = initialWeights(spec, layout, config);
      const ngrams = space
        ? tinyLinear(
          space,
          known,
          ["words", "huggingface"].includes(tokenizer?.kind ?? ""),
          labels.length,
          { ...labelled, ...columns && { marks: marksOf(columns) } },
        )
        : hashed && tinyHashed(hashed, labels.length);
      const combined = sparse && ngrams && "exponent" in ngrams ? sparseOf(ngrams) : ngrams;
      const thresholds = several ? { thresholds: [0.45, 0.55] } : { rejection: REJECTION };
      const version = { round: 1, digest: "d1ge57", weights, ...thresholds, ...combined && { ngrams: combined } };
      const preprocessing = tokenizer && {
        ...{ tokenizer, vocabulary: known, maxLength: config.length, truncate },
        ...rules && { rules },
        ...columns && { columns },
      };
      await writeModel(directory, { run, config, labels, version, ...preprocessing && { preprocessing } });
      const folder = join(directory, "exported");
      const files = await exportModel(directory, format, folder);
      assertEquals(files.sort(), (await readdir(folder)).sort());
      const predict = await openSaved({ config, labels, version, preprocessing });
      const reader = createReader(config, preprocessing);
      const takesTexts = tokenizer?.kind !== "huggingface" || rules === 2;
      const inputs: Input[] = columns
        ? [...rowsOf(columns)]
        : preprocessing
        ? [...sequences, ...takesTexts ? TEXTS : [], ...named]
        : sequences;
      const byIds = await openSaved({ config, labels, version });
      const answers = inputs.map((input) =>
        isFields(input)
          ? predict([reader.readFields(input, "the row")])
          : typeof input === "string"
          ? predict([reader.readText(input, "the text")])
          : input.every((token) => typeof token === "number")
          ? byIds([input])
          : predict([reader.readTokens(input, "the tokens")])
      );
      await use(folder, inputs, answers.flat(), one);
    });
  }
}

/** Asserts that `found` has the labels and flags of `expected`, and probabilities that differ by at most `most`. */
export function assertSame(found: readonly Prediction[], expected: readonly Prediction[], most = 1e-6): void {
  const given = (one: Prediction) => [one.class ?? null, one.label ?? null, one.labels?.map(({ label }) => label)];
  assertEquals(found.map(given), expected.map(given));
  for (const [index, { probabilities }] of found.entries()) {
    const wanted = expected[index]!.probabilities;
    assertEquals(probabilities.length, wanted.length);
    probabilities.forEach((value, label) => assertAlmostEquals(value, wanted[label]!, most));
  }
}
