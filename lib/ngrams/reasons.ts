/**
 * Divides the difference between the scores of two classes among the n-grams of a row: a score is a sum, so that this is
 * exact. Exported models run this file in browsers: plain JavaScript without its types.
 */
import type { NgramRows } from "./features.ts";
import { type LinearModel, scoresOf, type Vectorize } from "./model.ts";

/** What the n-grams of the same tokens add, or the letters of a token. */
export interface NgramPart {
  /** The tokens from `first` to `end - 1` of the row. */
  readonly first: number;
  readonly end: number;
  weight: number;
}

/** The parts of a difference between two scores, and what no n-gram adds. */
interface LinearParts {
  readonly parts: readonly NgramPart[];
  readonly bias: number;
}

/** Returns the parts of the score of class `one` less that of class `other`. */
export type ExplainScores = (rows: NgramRows, row: number, one: number, other: number) => LinearParts;

export function createExplainScores(
  { classes, weights, bias }: Pick<LinearModel, "classes" | "weights" | "bias">,
  vectorize: Vectorize,
): ExplainScores {
  const scores = scoresOf(classes);
  // Of two classes the first has the score 0.
  const missing = classes - scores;
  const valueOf = (values: Float32Array, row: number, k: number) =>
    k < missing ? 0 : values[row * scores + k - missing]!;
  const difference = (values: Float32Array, row: number, one: number, other: number) =>
    valueOf(values, row, one) - valueOf(values, row, other);
  return (rows, row, one, other) => {
    const found: { column: number; part: NgramPart }[] = [];
    const parts = new Map<string, NgramPart>();
    const counts = new Map<number, number>();
    const { count, columns, values } = vectorize(rows, row, (column, first, end) => {
      const key = `${first} ${end}`;
      let part = parts.get(key);
      if (!part) parts.set(key, part = { first, end, weight: 0 });
      found.push({ column, part });
      counts.set(column, (counts.get(column) ?? 0) + 1);
    });
    const valueOfColumn = new Map<number, number>();
    for (let i = 0; i < count; i++) valueOfColumn.set(columns[i]!, values[i]!);
    for (const { column, part } of found) {
      part.weight += valueOfColumn.get(column)! / counts.get(column)! * difference(weights, column, one, other);
    }
    return { parts: [...parts.values()], bias: difference(bias, 0, one, other) };
  };
}
