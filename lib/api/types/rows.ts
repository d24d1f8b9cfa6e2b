/** Types of rows to train or to evaluate on. */

/**
 * A row in memory: a text, the tokens that it was cut into, or the fields of several columns, and its label, or a list of
 * labels if rows may have several.
 *
 * @example
 * ```ts
 * import type { Row } from "lockstep";
 *
 * const rows: Row[] = [{ text: "where is my parcel?", label: "shipping" }, { tokens: ["E01", "E07"], label: "buys" }];
 * console.log(rows.length);
 * ```
 */
export type Row =
  & (
    | { readonly text: string }
    | { readonly tokens: readonly (string | number)[] }
    | { readonly [column: string]: unknown }
  )
  & { readonly label: string | number | boolean | readonly (string | number | boolean)[] };

/**
 * Rows to train or to evaluate on: the path of a file, paths, or rows in memory, which are read once.
 *
 * @example
 * ```ts
 * import type { Rows } from "lockstep";
 *
 * async function* tickets(): AsyncGenerator<{ text: string; label: string }> {
 *   yield { text: "where is my parcel?", label: "shipping" };
 * }
 * const sources: Rows[] = ["tickets.csv", ["march.csv", "april.csv.gz"], tickets()];
 * console.log(sources.length);
 * ```
 */
export type Rows = string | readonly string[] | Iterable<Row> | AsyncIterable<Row>;
