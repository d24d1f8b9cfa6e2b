import type { DataStatistics } from "../statistics.ts";

/** Counts the lengths of rows. */
export class Lengths {
  readonly #counts = new Map<number, number>();
  #rows = 0;

  add(length: number): void {
    this.#counts.set(length, (this.#counts.get(length) ?? 0) + 1);
    this.#rows++;
  }

  /** Returns the least length that at least `share` of the rows do not exceed; 0 without rows. */
  percentile(share: number): number {
    let rows = 0;
    for (const length of [...this.#counts.keys()].sort((a, b) => a - b)) {
      rows += this.#counts.get(length)!;
      if (rows >= share * this.#rows) return length;
    }
    return 0;
  }

  /** Returns the tokens of all rows if each keeps at most `most`, and an empty row gets one. */
  tokens(most: number): number {
    let sum = 0;
    for (const [length, rows] of this.#counts) sum += rows * Math.max(1, Math.min(length, most));
    return sum;
  }
}

/** Returns the percentiles of lengths that statistics have. */
export function summarize(lengths: Lengths): DataStatistics["lengths"] {
  const at = (share: number) => lengths.percentile(share);
  return { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: at(1) };
}
