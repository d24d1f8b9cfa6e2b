/** Cuts the embedding's rows into parts, so that each thread can have its own. */

/**
 * Selects rows: row r belongs to part ⌊r / block⌋ mod parts, and the parts first, first + step, … are selected, in this
 * order, with ascending rows in each. `block`, `parts` and `step` are at least 1.
 */
export interface RowParts {
  readonly block: number;
  readonly parts: number;
  readonly first: number;
  readonly step: number;
}

/** Calls `visit` in order with each of the rows 0 to `rows - 1` that `among` selects. */
export function eachRowAmong(
  { block, parts, first, step }: RowParts,
  rows: number,
  visit: (row: number) => void,
): void {
  for (let part = first; part < parts; part += step) {
    for (let begin = part * block; begin < rows; begin += parts * block) {
      for (let row = begin; row < Math.min(begin + block, rows); row++) visit(row);
    }
  }
}
