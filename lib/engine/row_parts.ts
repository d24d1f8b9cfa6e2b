/** The embedding's rows cut into parts, so that each thread can have its own. */

/**
 * Some of the rows: row r is of part ⌊r / block⌋ mod parts, and theirs are the parts first, first + step, …, in this
 * order, with the rows of each ascending. `block`, `parts` and `step` are at least 1.
 */
export interface RowParts {
  readonly block: number;
  readonly parts: number;
  readonly first: number;
  readonly step: number;
}

/** Calls `visit` with each row of `among`, of `rows` that there are, in order. */
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
