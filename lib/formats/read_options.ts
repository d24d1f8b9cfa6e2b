/** Defines the options by which rows are read, for the formats and the schema of all options. */
import { READING_RULES, type ReadingRules } from "../base/normal_form.ts";
import { z } from "zod";
import type { Column } from "./columns.ts";

/** The options but `format`, which is one of the list in rows.ts. */
export const readShape = {
  textColumn: z.string().min(1).default("text").describe("column, or JSON key, of the text or of the list of tokens"),
  labelColumn: z.string().min(1).default("label").describe("column, or JSON key, of the label"),
  labels: z.enum(["auto", "one", "many"]).default("auto").describe(
    "labels of a row; many: any number of them; auto: many if the beginning of the first file has a row with several, or " +
      "with `labelSeparator`",
  ),
  labelSeparator: z.string().max(8).default("")
    .describe(
      "characters between the labels of a row in a CSV file, such as | or a comma; default: a row has one label",
    ),
  delimiter: z.string().min(1).max(8).default("auto")
    .describe("character between the fields of a CSV file, or tab; auto: by content"),
  header: z.enum(["auto", "yes", "no"]).default("auto")
    .describe("whether a CSV file begins with column names; if not, columns are called 1, 2, …"),
  quotes: z.enum(["double", "none"]).default("double")
    .describe("meaning of double quotes in a CSV file: quoting as in RFC 4180, or none"),
} as const;

const readSchema = z.object(readShape);

export const readingRulesSchema = z.literal(READING_RULES);

/** Describes a possible mistake in a row. */
export interface RowWarning {
  readonly file: string;
  readonly line: number;
  /** Describes it, without the place: `repeats the header, and is left out`. */
  readonly warning: string;
}

export interface ReadOptions extends Readonly<z.infer<typeof readSchema>> {
  /** The name of a format, or `auto`. */
  readonly format: string;
  /** Ignores labels, for rows that are only predicted: each row's label is "" then. */
  readonly unlabelled?: boolean;
  /** Keeps each row as its source has it. */
  readonly originals?: boolean;
  /** The columns that make a row, if it has more than a text; the first is also `textColumn`: see readingOf(). */
  readonly fields?: readonly Column[] | undefined;
  /** Names of further columns, whose values a row has as `extras`. */
  readonly extras?: readonly string[] | undefined;
  /** Default: the newest. */
  readonly rules?: ReadingRules;
  /** Receives possible mistakes. */
  readonly warn?: (warning: RowWarning) => void;
}
