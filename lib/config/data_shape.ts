/** Defines the options by which files are read, tokenized and split. */
import { z } from "zod";
import { pathValue } from "./paths.ts";

const whole = (min: number, max: number) => z.int().min(min).max(max);

/** Limits an automatic `maxLength`, in tokens: the cost of a step grows with it. */
export const AUTO_LENGTH = 256;

/** With fewer training rows than this, an automatic `minCount` keeps every token. */
export const FEW_ROWS = 1000;

/** Limits the tokens that a model knows. */
export const MOST_TOKENS = 1_000_000;

/** The values of `tokenizer` that are not the path of a file. */
export const TOKENIZERS = ["auto", "words", "chars", "codes"] as const;

/** Names the formats of files; lib/data/formats/rows.ts has a reader for each. */
export const FORMATS = ["csv", "tsv", "jsonl", "fasttext"] as const;

export const dataShape = {
  textColumn: z.string().min(1).default("text").describe("column, or JSON key, of the text or of the list of tokens"),
  labelColumn: z.string().min(1).default("label").describe("column, or JSON key, of the label"),
  format: z.enum(["auto", ...FORMATS]).default("auto")
    .describe("format of the files; auto: by extension and content"),
  delimiter: z.string().min(1).max(8).default("auto")
    .describe("character between the fields of a CSV file, or tab; auto: by content"),
  header: z.enum(["auto", "yes", "no"]).default("auto")
    .describe("whether a CSV file begins with column names; if not, columns are called 1, 2, …"),
  quotes: z.enum(["double", "none"]).default("double")
    .describe("meaning of double quotes in a CSV file: quoting as in RFC 4180, or none"),
  validation: pathValue(
    z.union([z.number().min(0).max(0.9), z.string().min(1)]).default(0.1)
      .describe("fraction of the rows used as validation set, the same of each class; or a file of validation rows"),
  ),
  test: pathValue(z.string().default("").describe("file of rows on which the finished model is evaluated")),
  tokenizer: pathValue(
    z.string().min(1).default("auto")
      .describe(
        "words, chars, codes (split at white space), or the path of a Hugging Face tokenizer.json; auto: words, or codes " +
          "if every row is a list of tokens",
      ),
    { kind: "file", words: TOKENIZERS, beside: ["tokenizer_config.json"] },
  ),
  lowercase: z.boolean().default(true).describe("ignore the case of letters (words and chars)"),
  punctuation: z.enum(["keep", "drop"]).default("keep").describe(
    "keep punctuation as separate tokens, or drop it (words)",
  ),
  minCount: z.union([z.literal("auto"), whole(1, 1_000_000)]).default("auto")
    .describe(`minimum occurrences of a token in the training rows; auto: 2, or 1 for fewer than ${FEW_ROWS} rows`),
  maxVocabulary: whole(3, MOST_TOKENS).default(50_000)
    .describe("maximum size of the vocabulary, with padding and unknown; the most frequent tokens are kept"),
  vectors: pathValue(
    z.string().default("").describe(
      "file of word vectors that training starts from: text of word2vec, fastText or GloVe (.gz too), or .safetensors " +
        "with its tokenizer.json",
    ),
    { kind: "file", beside: ["tokenizer.json"] },
  ),
  maxVectors: whole(0, MOST_TOKENS).default(50_000)
    .describe("with `vectors`: maximum number of words that are known although no training row has them"),
  maxLength: z.union([z.literal("auto"), whole(1, 4096)]).default("auto")
    .describe(`maximum tokens of a row; auto: the length that 99% of the rows do not exceed, at most ${AUTO_LENGTH}`),
  truncate: z.enum(["end", "start"]).default("end").describe("side on which longer rows are cut"),
  onBadRow: z.enum(["stop", "skip"]).default("stop").describe("refuse data with a bad row, or skip the row"),
} as const;

export const dataOptionsSchema = z.strictObject(dataShape);
export type DataOptions = z.infer<typeof dataOptionsSchema>;

/**
 * Versions of the rules by which rows are read. 1: numbers in JSON by their value, only fastText's first label,
 * characters unchanged. 2: numbers with their written digits, fastText's labels at any place, one spelling for characters
 * that look the same (lib/data/tokenizers/normal_form.ts), a tokenizer.json by Hugging Face's own library. Runs that do
 * not name a version were trained by 1.
 */
export const readingRulesSchema = z.literal([1, 2]);
export type ReadingRules = z.infer<typeof readingRulesSchema>;

export const NEWEST_RULES: ReadingRules = 2;

/** Describes a possible mistake in a row. */
export interface RowWarning {
  readonly file: string;
  readonly line: number;
  /** Describes it, without the place: `repeats the header, and is left out`. */
  readonly warning: string;
}

/** Picks the options that formats need. */
export const READ_KEYS = {
  textColumn: true,
  labelColumn: true,
  format: true,
  delimiter: true,
  header: true,
  quotes: true,
} as const;

/** The options that formats need to read rows. */
export type ReadOptions =
  & Pick<DataOptions, keyof typeof READ_KEYS>
  & {
    /** Ignores labels, for rows that are only predicted: each row's label is "" then. */
    readonly unlabelled?: boolean;
    /** Default: the newest. */
    readonly rules?: ReadingRules;
    /** Receives possible mistakes. */
    readonly warn?: (warning: RowWarning) => void;
  };
