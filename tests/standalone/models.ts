/** Models of every kind with random weights, as runs would have saved them. */
import type { PreprocessingJson } from "../../lib/data/encode/preprocessing.ts";
import { type Config, trainingConfig } from "../../lib/config/schema.ts";
import type { HashedSpace } from "../../lib/ngrams/hashed.ts";
import type { NgramSpace } from "../../lib/ngrams/features.ts";
import { initialWeights } from "../../lib/model/initial.ts";
import { taskModel } from "../../lib/model/task_model.ts";
import type { TrainedModel } from "../../lib/predict/trained_model.ts";
import { sparseOf, tinyHashed, tinyLinear } from "../ngrams/tiny_ngrams.ts";
import { tinyRunConfig } from "../run/tiny_run.ts";
import { WHITE_SPACE } from "../run/training/white_space_tokenizer.ts";

export const VOCABULARY = ["ha", "ho", "he", "h", "a", "o", " ", "hé", "σας", "你"];

interface Kind {
  readonly change?: Partial<Config>;
  /** Set for a model of text. */
  readonly tokenizer?: PreprocessingJson["tokenizer"];
  readonly truncate?: "end" | "start";
  readonly rules?: 1 | 2;
  readonly space?: NgramSpace;
  /** The space of n-grams of earlier versions. */
  readonly hashed?: HashedSpace;
  /** True if a row may have several labels. */
  readonly several?: boolean;
  /** True if each feature has weights for some classes only. */
  readonly sparse?: boolean;
}

const WORDS = { kind: "words", lowercase: true, punctuation: "keep" } as const;

const KINDS: Readonly<Record<string, Kind>> = {
  "ids": {},
  "ids, two layers in two directions, maximum": { change: { bidirectional: true, pooling: "max", layers: 2 } },
  "ids, two directions, PyTorch's biases": { change: { bidirectional: true, pooling: "last", lstmBiases: 2 } },
  "ids, mean of states": { change: { pooling: "mean", hidden: 9, embedding: 11 } },
  "words of the first rules": { tokenizer: WORDS },
  "words with n-grams": { tokenizer: WORDS, rules: 2, space: { order: 2, hasEnds: false } },
  "words with letters and n-grams, two directions": {
    change: { letterRows: 40, bidirectional: true, pooling: "max" },
    tokenizer: WORDS,
    rules: 2,
    space: { order: 2, hasEnds: false },
  },
  "words with letters, without punctuation": {
    change: { letterRows: 7, layers: 2 },
    tokenizer: { kind: "words", lowercase: false, punctuation: "drop" },
    rules: 2,
  },
  "words with n-grams and several labels": {
    tokenizer: WORDS,
    rules: 2,
    space: { order: 2, hasEnds: false },
    several: true,
  },
  "words with sparse n-grams and several labels": {
    tokenizer: WORDS,
    rules: 2,
    space: { order: 2, hasEnds: false },
    several: true,
    sparse: true,
  },
  "characters with n-grams": {
    tokenizer: { kind: "chars", lowercase: true },
    rules: 2,
    space: { order: 5, hasEnds: true },
  },
  "words with n-grams of earlier versions": {
    change: { bidirectional: true, pooling: "max" },
    tokenizer: { kind: "words", lowercase: true, punctuation: "drop" },
    truncate: "start",
    hashed: { order: 2, tokens: 12, features: 76 },
  },
  "codes with n-grams of earlier versions": {
    tokenizer: { kind: "codes" },
    hashed: { order: 4, tokens: 5, features: 69 },
  },
  "a tokenizer of Hugging Face with letters": { change: { letterRows: 30 }, tokenizer: WHITE_SPACE, rules: 2 },
};

/** Random weights are little more than a half sure of most answers. */
export const REJECTION = { threshold: 0.55, points: [{ threshold: 0.55, precision: 0.9, coverage: 0.5 }] };

/** Returns a model of each kind by its name. */
export function models(): Map<string, TrainedModel> {
  return new Map(
    Object.entries(KINDS).map(
      ([name, { change = {}, tokenizer, truncate = "end", rules, space, hashed, several, sparse }]) => {
        // The rules refuse letters for a generated task, whose weights stand for those of a text here.
        const { letterRows = 0, ...others } = change;
        const labelled = several && { labels: "many" as const };
        const config = { ...trainingConfig(tinyRunConfig("runs", { ...others, seed: 8 })), letterRows, ...labelled };
        const { dataset: { labels }, spec, layout } = taskModel(config);
        const ngrams = space
          ? tinyLinear(space, VOCABULARY, tokenizer?.kind === "words", labels.length, labelled || {})
          : hashed && tinyHashed(hashed, labels.length);
        const combined = sparse && ngrams && "exponent" in ngrams ? sparseOf(ngrams) : ngrams;
        const weights = initialWeights(spec, layout, config);
        const thresholds = several ? { thresholds: [0.45, 0.55] } : { rejection: REJECTION };
        const version = { round: 1, digest: "d1ge57", weights, ...thresholds, ...combined && { ngrams: combined } };
        const preprocessing = tokenizer &&
          { tokenizer, vocabulary: VOCABULARY, maxLength: config.length, truncate, ...rules && { rules } };
        return [name, { run: "20260101-000000-abcd", config, labels, version, ...preprocessing && { preprocessing } }];
      },
    ),
  );
}

/** Texts with accents, signs, marks without width, other scripts, and words of every length. */
export const TEXTS = [
  "ha ho",
  "Hé he, hé!",
  "it's HA-HO'ho  now",
  "",
  "你好 ha\u0301 ho",
  "he\u0301 h\u00ADa h\u200Bo\uFEFF \u200Eha\u200F",
  "ΣΑΣ\u3000ha",
  "x".repeat(9),
  `${"abcdefghijklm".repeat(3)} ho hoho`,
  "ho ha ho ha he",
];

/** Inputs that a model reads: ids of one length for models of ids, otherwise texts and tokens by their names. */
export function inputsOf({ preprocessing, config }: TrainedModel): (string | readonly (string | number)[])[] {
  if (!preprocessing) {
    return Array.from(
      { length: 9 },
      (_, row) => Array.from({ length: config.length }, (_, i) => (5 * row + 3 * i) % 12),
    );
  }
  return [...TEXTS, ["ha", "HO", "he"], ["ha ho"], ["h", 7, "ho", "ha", "he", "o"]];
}
