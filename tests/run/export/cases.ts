/** Models of every kind, their exports, and the predictions of the product. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { NgramSpace } from "../../../lib/ngrams/features.ts";
import type { HashedSpace } from "../../../lib/ngrams/hashed.ts";
import { type Config, trainingConfig } from "../../../lib/config/schema.ts";
import type { PreprocessingJson } from "../../../lib/data/encode/preprocessing.ts";
import { initialWeights } from "../../../lib/model/initial.ts";
import { taskModel } from "../../../lib/model/task_model.ts";
import { type EXPORT_FORMATS, exportModel } from "../../../lib/run/export/export.ts";
import { writeModel } from "../../../lib/run/files/model_files.ts";
import { createReader } from "../../../lib/standalone/reader.ts";
import { openSaved } from "../../../lib/predict/batch_predictor.ts";
import type { Prediction } from "../../../lib/predict/types.ts";
import { tinyHashed, tinyLinear } from "../../ngrams/tiny_ngrams.ts";
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

/** Random weights are little more than a half sure of most answers. */
const REJECTION = { threshold: 0.55, points: [{ threshold: 0.55, precision: 0.9, coverage: 0.5 }] };

export type Input = string | readonly number[] | readonly string[];

/** Returns the question that means `input` in every model. */
export function questionOf(input: Input): unknown {
  if (typeof input === "string") return { text: input };
  return typeof input[0] === "number" ? { ids: input } : { tokens: input };
}

/** Calls `use` with the export of each model, its inputs, and the predictions of the product. */
export async function eachExport(
  format: keyof typeof EXPORT_FORMATS,
  use: (folder: string, inputs: readonly Input[], expected: readonly Prediction[], one: Case) => Promise<void>,
  cases: readonly Case[] = [...ids, ...ofText, ofHuggingFace],
): Promise<void> {
  for (const one of cases) {
    const { change, tokenizer, truncate = "end", space, hashed, rules, several } = one;
    await inTemporaryDirectory(async (directory) => {
      // The rules refuse letters for a generated task, whose weights stand for those of a text here.
      const { letterRows = 0, ...others } = change;
      const labelled = several && { labels: "many" as const };
      const config = { ...trainingConfig(tinyRunConfig("runs", { ...others, seed: 8 })), letterRows, ...labelled };
      const { dataset: { labels }, spec, layout } = taskModel(config);
      const run = "20260101-000000-abcd";
      const weights = initialWeights(spec, layout, config);
      const ngrams = space
        ? tinyLinear(
          space,
          vocabulary,
          ["words", "huggingface"].includes(tokenizer?.kind ?? ""),
          labels.length,
          labelled || {},
        )
        : hashed && tinyHashed(hashed, labels.length);
      const thresholds = several ? { thresholds: [0.45, 0.55] } : { rejection: REJECTION };
      const version = { round: 1, digest: "d1ge57", weights, ...thresholds, ...ngrams && { ngrams } };
      const preprocessing = tokenizer && { tokenizer, vocabulary, maxLength: 4, truncate, ...rules && { rules } };
      await writeModel(directory, { run, config, labels, version, ...preprocessing && { preprocessing } });
      const folder = join(directory, "exported");
      const files = await exportModel(directory, format, folder);
      assertEquals(files.sort(), (await readdir(folder)).sort());
      const predict = await openSaved({ config, labels, version, preprocessing });
      const reader = createReader(config, preprocessing);
      const takesTexts = tokenizer?.kind !== "huggingface" || rules === 2;
      const inputs: Input[] = preprocessing ? [...sequences, ...takesTexts ? TEXTS : [], ...named] : sequences;
      const byIds = await openSaved({ config, labels, version });
      const answers = inputs.map((input) =>
        typeof input === "string"
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
