/** Counts values by size, in the form that Prometheus reads. */

/** Upper bounds for the number of sequences in a batch. */
export const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** Upper bounds in seconds, from a fast prediction to a large list. */
export const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export class Histogram {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** Counts of the values within each bound and above the one before, then of the rest. */
  readonly buckets: Float64Array;
  /** The sum of all values. */
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.buckets = new Float64Array(bounds.length + 1);
  }

  /** The number of values. */
  get count(): number {
    return this.buckets.reduce((sum, count) => sum + count, 0);
  }

  observe(value: number): void {
    const index = this.bounds.findIndex((bound) => value <= bound);
    this.buckets[index < 0 ? this.bounds.length : index]! += 1;
    this.sum += value;
  }

  /** Adds the values of `other`, which has the same bounds. */
  add(other: Histogram): void {
    for (const [index, count] of other.buckets.entries()) this.buckets[index]! += count;
    this.sum += other.sum;
  }
}
