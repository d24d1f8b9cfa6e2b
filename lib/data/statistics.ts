/**
 * Describes the statistics of data that was read, as a run saves them in `data.json`, prints them and sends them over
 * HTTP. This schema is the only definition of them.
 */
import { z } from "zod";
import { counted } from "../base/counted.ts";
import { COLUMN_KINDS } from "../formats/columns.ts";
import { sourceSchema } from "../formats/rows.ts";

const partSchema = z.object({
  rows: z.int(),
  /** Tokens of all rows, after truncation. */
  tokens: z.int(),
  /** Tokens that are not in the vocabulary. */
  unknown: z.int(),
  /** Rows that were cut. */
  truncated: z.int(),
  /** Rows without tokens; each was given an unknown one. */
  empty: z.int(),
});

/** A row with the tokens of another one: their places, such as `tickets.csv:18`, and their labels. */
const exampleSchema = z.object({
  place: z.string(),
  sameAs: z.string(),
  /** Older files have no labels. */
  label: z.string().optional(),
  sameLabel: z.string().optional(),
  /** The text of the row, which only `check` reads. */
  text: z.string().optional(),
});

/** Rows with the same tokens as other rows: their number, and examples. */
const repeatedSchema = z.object({ rows: z.int(), examples: z.array(exampleSchema) });

const roleSchema = z.enum(["training", "validation", "test"]);

export const dataStatisticsSchema = z.object({
  sources: z.array(sourceSchema.extend({ role: roleSchema })),
  /** SHA-256 over the roles and digests of all sources: renaming the files does not change it. */
  digest: z.string(),
  /** Rows of each class, by role. */
  classes: z.array(z.object({ label: z.string(), training: z.int(), validation: z.int(), test: z.int() })),
  /** Where a row may have several labels: their mean number, the most, and the rows without any. */
  labels: z.object({ mean: z.number(), most: z.int(), none: z.int() }).optional(),
  parts: z.object({
    training: partSchema.optional(),
    validation: partSchema.optional(),
    test: partSchema.optional(),
  }),
  /** Percentiles of the lengths of training rows, in tokens before truncation. */
  lengths: z.object({ p50: z.int(), p90: z.int(), p95: z.int(), p99: z.int(), max: z.int() }),
  /** Tokens of a row that are kept. */
  maxLength: z.int(),
  vocabulary: z.object({
    /** Ids: those of the known tokens, padding and unknown. */
    size: z.int(),
    /** Known tokens: ids without padding and unknown. Version 0.1.0 did not write them. */
    known: z.int().optional(),
    /** Different tokens in the training rows. */
    distinct: z.int(),
    /** Tokens that occur once. */
    once: z.int(),
    /** Tokens that were forgotten while reading, because there are too many; they are unknown. */
    forgotten: z.int(),
    /** Vectors from a file: their width, the known tokens that have one, the share of all tokens, and other words. */
    vectors: z.object({ width: z.int(), words: z.int(), share: z.number(), others: z.int() }).optional(),
  }),
  /** Rows of the training sources whose tokens an earlier row has. */
  duplicates: repeatedSchema,
  /** Duplicates whose label differs from that of the earlier row. */
  conflicts: repeatedSchema,
  /** Validation and test rows whose tokens a training row has. */
  leaks: z.object({ validation: repeatedSchema.optional(), test: repeatedSchema.optional() }),
  /** Columns of numbers and categories: the training rows of each bin, or of the most frequent values. */
  columns: z.array(z.object({
    name: z.string(),
    kind: z.enum(COLUMN_KINDS),
    values: z.array(z.object({ value: z.string(), rows: z.int() })),
    /** Rows without a value. */
    missing: z.int(),
    /** Different values, and those of them that are too rare to be known. */
    distinct: z.int(),
    unknown: z.int(),
  })).optional(),
  /** The split by a column, if one decides it. */
  split: z.object({
    column: z.string(),
    /** Groups of each side. */
    groups: z.object({ training: z.int(), validation: z.int() }).optional(),
    /** The time of the oldest validation row. */
    from: z.string().optional(),
    /** The validation rows of a random split, those whose tokens a training row has, and those whose group has one. */
    random: z.object({ rows: z.int(), leaks: z.int(), shared: z.int().optional() }),
    /** The accuracy of n-grams on the validation rows of this and of the random split, if `check` measured it. */
    accuracy: z.object({ own: z.number(), random: z.number() }).optional(),
  }).optional(),
  /** Bad rows, and the first of them in words, with their places. */
  bad: z.object({ rows: z.int(), first: z.array(z.string()) }),
  warnings: z.array(z.string()),
});

export type DataStatistics = z.infer<typeof dataStatisticsSchema>;
export type PartStatistics = z.infer<typeof partSchema>;
export type RepeatedRows = z.infer<typeof repeatedSchema>;
export type Role = z.infer<typeof roleSchema>;

/** A kind of rows that occur more than once. */
export interface Repetition {
  readonly name: "Duplicates" | "Conflicts" | "Leaks" | "";
  readonly repeated: RepeatedRows;
  /** Says how many rows there are, and what they share. */
  readonly text: string;
  /** Says that metrics of a model trained on these data are less reliable for it. */
  readonly isSuspect: boolean;
}

/** Returns the rows that occur more than once, as `check` and training report them. */
export function repetitions(
  { duplicates, conflicts, leaks }: Pick<DataStatistics, "duplicates" | "conflicts" | "leaks">,
): Repetition[] {
  const kinds: [Repetition["name"], RepeatedRows | undefined, one: string, many: string, what: string, boolean][] = [
    ["Duplicates", duplicates, "row has", "rows have", "the tokens of an earlier row", false],
    ["Conflicts", conflicts, "row has", "rows have", "another label than an earlier row with the same tokens", true],
    ["Leaks", leaks.validation, "validation row has", "validation rows have", "the tokens of a training row", true],
    ["", leaks.test, "test row has", "test rows have", "the tokens of a training row", true],
  ];
  return kinds.flatMap(([name, repeated, one, many, what, isSuspect]) =>
    repeated ? [{ name, repeated, text: `${counted(repeated.rows, one, many)} ${what}`, isSuspect }] : []
  );
}
