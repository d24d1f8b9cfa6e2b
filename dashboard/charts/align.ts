/** Joins several lines over one axis for the chart library. */

interface Points {
  /** Increasing positions. */
  readonly x: Float64Array;
  /** Values; NaN if unknown. */
  readonly y: Float64Array;
}

/** Returns `[x, y of line 0, y of line 1, …]` over the union of the lines' x, null where a line has no value. */
export function align(lines: readonly Points[]): [number[], ...(number | null)[][]] {
  const next = lines.map(() => 0);
  const xs: number[] = [];
  const ys: (number | null)[][] = lines.map(() => []);
  while (true) {
    const x = Math.min(...lines.map((line, index) => line.x[next[index]!] ?? Infinity));
    if (x === Infinity) return [xs, ...ys];
    xs.push(x);
    for (const [index, line] of lines.entries()) {
      const y = line.x[next[index]!] === x ? line.y[next[index]!++]! : NaN;
      ys[index]!.push(Number.isNaN(y) ? null : y);
    }
  }
}

/** Returns the newest value at `index` or before it. */
export function latest(values: readonly (number | null)[], index: number): number | null {
  return values.slice(0, index + 1).findLast((value) => value !== null) ?? null;
}
