/** What is known of data once it was read: plain values, for a run's files, the terminal and HTTP. */
import { counted } from "../../base/counted.ts";
import type { SourceInfo } from "../formats/rows.ts";
import type { LengthSummary } from "./lengths.ts";
import type { VocabularyFigures } from "../vocabulary/choose_vocabulary.ts";

export type Role = "training" | "validation" | "test";

/** A kind of rows that come more than once. */
export interface Repetition {
  readonly name: "Duplicates" | "Conflicts" | "Leaks" | "";
  readonly repeated: RepeatedRows;
  /** How many rows there are, and what they have. */
  readonly text: string;
  /** Whether figures of a model trained on these data say less for it. */
  readonly isSuspect: boolean;
}

/** The rows that come more than once, as `check` and training tell of them. */
export function repetitions(
  { duplicates, conflicts, leaks }: Pick<DataStatistics, "duplicates" | "conflicts" | "leaks">,
): Repetition[] {
  const kinds: [Repetition["name"], RepeatedRows | undefined, one: string, many: string, what: string, boolean][] = [
    ["Duplicates", duplicates, "row has", "rows have", "the tokens of an earlier row", false],
    ["Conflicts", conflicts, "row has", "rows have", "another label than an earlier row with the same tokens", true],
    [
      "Leaks",
      leaks.validation,
      "row that validates has",
      "rows that validate have",
      "the tokens of a training row",
      true,
    ],
    ["", leaks.test, "row of the test has", "rows of the test have", "the tokens of a training row", true],
  ];
  return kinds.flatMap(([name, repeated, one, many, what, isSuspect]) =>
    repeated ? [{ name, repeated, text: `${counted(repeated.rows, one, many)} ${what}`, isSuspect }] : []
  );
}

/** Figures of the rows of one role. */
export interface PartStatistics {
  readonly rows: number;
  /** Tokens of all rows, after truncation. */
  readonly tokens: number;
  /** Tokens that the vocabulary does not hold. */
  readonly unknown: number;
  /** Rows that were cut. */
  readonly truncated: number;
  /** Rows without tokens; each was given an unknown one. */
  readonly empty: number;
}

/** Rows with the same tokens as other ones: how many there are, and pairs of places such as `a.csv:18`. */
export interface RepeatedRows {
  readonly rows: number;
  readonly examples: readonly { readonly place: string; readonly sameAs: string }[];
}

export interface DataStatistics {
  readonly sources: readonly (SourceInfo & { readonly role: Role })[];
  /** SHA-256 over the roles and the digests of all sources: whatever they are called, the same data has the same. */
  readonly digest: string;
  /** Rows of each class, by role. */
  readonly classes: readonly ({ readonly label: string } & Readonly<Record<Role, number>>)[];
  readonly parts: Readonly<Record<Role, PartStatistics | undefined>>;
  /** Of the training rows, before truncation. */
  readonly lengths: LengthSummary;
  /** Tokens of a row that are kept. */
  readonly maxLength: number;
  readonly vocabulary: VocabularyFigures;
  /** Rows of the training sources that have a copy before them. */
  readonly duplicates: RepeatedRows;
  /** Those whose label is not that of the copy. */
  readonly conflicts: RepeatedRows;
  /** Rows that judge and have a copy among the training rows. */
  readonly leaks: Readonly<Record<"validation" | "test", RepeatedRows | undefined>>;
  /** Bad rows, and the first of them in words, with their places. */
  readonly bad: { readonly rows: number; readonly first: readonly string[] };
  readonly warnings: readonly string[];
}
