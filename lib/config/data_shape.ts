/** How data is read, tokenized and split: the part of a run's configuration that files of rows need. */
import { z } from "zod";
import { pathValue } from "./paths.ts";

const whole = (min: number, max: number) => z.int().min(min).max(max);

/** Longest row, in tokens, that an automatic `maxLength` comes to: what a step costs grows with it. */
export const AUTO_LENGTH = 256;

/** Fewer training rows than this have no token to spare: an automatic `minCount` knows all of them. */
export const FEW_ROWS = 1000;

/** What `tokenizer` may be beside the path of a file. */
export const TOKENIZERS: readonly string[] = ["auto", "words", "chars", "codes"];

export const dataShape = {
  textColumn: z.string().min(1).default("text").describe("column, or JSON key, of the text or of the list of tokens"),
  labelColumn: z.string().min(1).default("label").describe("column, or JSON key, of the label"),
  format: z.enum(["auto", "csv", "tsv", "jsonl", "fasttext"]).default("auto")
    .describe("what the files hold; auto: by extension and content"),
  delimiter: z.string().min(1).max(8).default("auto")
    .describe("one character between the fields of a CSV file, or tab; auto: by content"),
  header: z.enum(["auto", "yes", "no"]).default("auto")
    .describe("whether a CSV file begins with column names; without, columns are called 1, 2, …"),
  quotes: z.enum(["double", "none"]).default("double")
    .describe("what double quotes mean in a CSV file: RFC 4180's quoting, or nothing"),
  validation: pathValue(
    z.union([z.number().min(0).max(0.9), z.string().min(1)]).default(0.1)
      .describe("share of the rows that judge during training, the same of each class; or a file of them"),
  ),
  test: pathValue(z.string().default("").describe("a file of rows that judge the finished model")),
  tokenizer: pathValue(
    z.string().min(1).default("auto")
      .describe(
        "words, chars, codes (split at white space), or the path of a Hugging Face tokenizer.json; auto: words, or codes " +
          "where all rows are lists of tokens",
      ),
    { kind: "file", words: TOKENIZERS, beside: ["tokenizer_config.json"] },
  ),
  lowercase: z.boolean().default(true).describe("the case of letters means nothing (words and chars)"),
  punctuation: z.enum(["keep", "drop"]).default("keep").describe("punctuation as tokens of its own, or none (words)"),
  minCount: z.union([z.literal("auto"), whole(1, 1_000_000)]).default("auto")
    .describe(`occurrences in training data that make a token known; auto: 2, or 1 for fewer than ${FEW_ROWS} rows`),
  maxVocabulary: whole(3, 1_000_000).default(50_000)
    .describe("tokens known at most, the most frequent ones; with padding and unknown"),
  maxLength: z.union([z.literal("auto"), whole(1, 4096)]).default("auto")
    .describe(`tokens of a row that are read; auto: as many as 99% of the rows have, at most ${AUTO_LENGTH}`),
  truncate: z.enum(["end", "start"]).default("end").describe("which side of a longer row is cut"),
  onBadRow: z.enum(["stop", "skip"]).default("stop").describe("refuse data with a bad row, or go on without the row"),
} as const;

export const dataOptionsSchema = z.strictObject(dataShape);
export type DataOptions = z.infer<typeof dataOptionsSchema>;

/**
 * Rules by which rows are read. 1: numbers in JSON by their value, fastText's first label only, characters as they come.
 * 2: numbers with the digits that are written, fastText's labels wherever they stand, one spelling for what looks the
 * same (lib/data/tokenizers/normal_form.ts), a tokenizer.json as Hugging Face's own library. Runs that do not say which were trained
 * by 1.
 */
export type ReadingRules = 1 | 2;

export const NEWEST_RULES: ReadingRules = 2;

/** Something about a row that may be a mistake. */
export interface RowWarning {
  readonly file: string;
  readonly line: number;
  /** What it is, without the place: `repeats the header, and is left out`. */
  readonly warning: string;
}

/** The options that formats need, as a mask for `pick`. */
export const READ_KEYS = {
  textColumn: true,
  labelColumn: true,
  format: true,
  delimiter: true,
  header: true,
  quotes: true,
} as const;

/** How rows are read from their sources: the part of the options that formats need. */
export type ReadOptions =
  & Pick<DataOptions, keyof typeof READ_KEYS>
  & {
    /** Labels are neither needed nor read, as in rows that are only predicted: each row's label is "" then. */
    readonly unlabelled?: boolean;
    /** The newest, if nothing is said. */
    readonly rules?: ReadingRules;
    /** Told of what may be a mistake. */
    readonly warn?: (warning: RowWarning) => void;
  };
