/** Defines the options by which files are read, tokenized and split. */
import { z } from "zod";
import { readShape } from "../formats/read_options.ts";
import { FORMATS } from "../formats/rows.ts";
import { columnsProblem } from "./columns.ts";
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

/** The options that formats need to read rows. */
export const rowShape = {
  textColumn: readShape.textColumn,
  labelColumn: readShape.labelColumn,
  labels: readShape.labels,
  labelSeparator: readShape.labelSeparator,
  format: z.enum(["auto", ...FORMATS.map(({ name }) => name)]).default("auto")
    .describe("format of the files; auto: by extension and content"),
  delimiter: readShape.delimiter,
  header: readShape.header,
  quotes: readShape.quotes,
} as const;

export const dataShape = {
  ...rowShape,
  columns: z.string().superRefine((option, context) => {
    const message = columnsProblem(option);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  }).default("").describe(
    "columns of a row, if it has more than a text, each a text, a number or a category: " +
      "subject:text,amount:number,country:category",
  ),
  validation: pathValue(
    z.union([z.number().min(0).max(0.9), z.string().min(1)]).default(0.1)
      .describe("fraction of the rows used as validation set, the same of each class; or a file of validation rows"),
  ),
  groupColumn: z.string().default("").describe(
    "column of groups, such as customers, of which each is either in the training or in the validation set",
  ),
  timeColumn: z.string().default("").describe(
    "column of dates (ISO 8601) or numbers, such as seconds: the newest rows are the validation set",
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
