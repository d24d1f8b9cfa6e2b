/** What `data.json` holds: what was known of a run's files once they were read, as `DataStatistics` is written. */
import { z } from "zod";

const part = z.object({
  rows: z.int(),
  /** Tokens of all rows, after truncation, and those of them that the vocabulary does not hold. */
  tokens: z.int(),
  unknown: z.int(),
  /** Rows that were cut, and rows without tokens. */
  truncated: z.int(),
  empty: z.int(),
});

const repeatedRows = z.object({
  rows: z.int(),
  /** Pairs of places: `tickets.csv:18`. */
  examples: z.array(z.object({ place: z.string(), sameAs: z.string() })),
});

const role = z.enum(["training", "validation", "test"]);

export const dataSchema = z.object({
  sources: z.array(z.object({ name: z.string(), format: z.string(), sha256: z.string(), bytes: z.int(), role })),
  digest: z.string(),
  /** Rows of each class, by role. */
  classes: z.array(z.object({ label: z.string(), training: z.int(), validation: z.int(), test: z.int() })),
  parts: z.object({ training: part.optional(), validation: part.optional(), test: part.optional() }),
  /** Tokens of the training rows, before truncation: percentiles. */
  lengths: z.object({ p50: z.int(), p90: z.int(), p95: z.int(), p99: z.int(), max: z.int() }),
  /** Tokens of a row that are kept. */
  maxLength: z.int(),
  /** Ids, those of known tokens (0.1.0 did not write them: all but two), different tokens, those that come once, and those that were too many to keep. */
  vocabulary: z.object({
    size: z.int(),
    known: z.int().optional(),
    distinct: z.int(),
    once: z.int(),
    forgotten: z.int(),
  }),
  /** Rows with a copy before them, those of them with another label, and rows that judge with a copy to train on. */
  duplicates: repeatedRows,
  conflicts: repeatedRows,
  leaks: z.object({ validation: repeatedRows.optional(), test: repeatedRows.optional() }),
  /** Rows that were left out, and the first of them in words. */
  bad: z.object({ rows: z.int(), first: z.array(z.string()) }),
  warnings: z.array(z.string()),
});
export type SavedData = z.infer<typeof dataSchema>;
