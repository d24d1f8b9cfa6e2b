/** Joins several lines over one axis for the chart library. */

export interface Line {
  /** Increasing positions. */
  readonly x: Float64Array;
  /** Values; NaN if unknown. */
  readonly y: Float64Array;
}

/** Returns `[x, y of line 0, y of line 1, …]` over the union of the lines' x, null where a line has no value. */
export function align(lines: readonly Line[]): [number[], ...(number | null)[][]] {
  const next = lines.map(() => 0);
  const xs: number[] = [];
  const ys: (number | null)[][] = lines.map(() => []);
  while (true) {
    let x = Infinity;
    for (const [index, line] of lines.entries()) x = Math.min(x, line.x[next[index] ?? 0] ?? Infinity);
    if (x === Infinity) return [xs, ...ys];
    xs.push(x);
    for (const [index, line] of lines.entries()) {
      const at = next[index] ?? 0;
      let y = NaN;
      if (line.x[at] === x) {
        y = line.y[at] ?? NaN;
        next[index] = at + 1;
      }
      ys[index]?.push(Number.isNaN(y) ? null : y);
    }
  }
}

/** Returns the newest value at `index` or before it. */
export function latest(values: ArrayLike<number | null | undefined>, index: number): number | null {
  for (let at = Math.min(index, values.length - 1); at >= 0; at--) {
    const value = values[at];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}
