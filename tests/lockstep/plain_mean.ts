/** Computes the weighted mean over shards by its definition: one element, one node, one rounding at a time. */

/** Returns each shard's fraction of the samples, as float32. */
function plainShares(samples: readonly number[]): number[] {
  let total = 0;
  for (const count of samples) total += count;
  return samples.map((count) => Math.fround(count / total));
}

/**
 * Sums the weighted `values` of shards `first` to `last - 1`, halved at the greatest power of two below. The sum leaves out
 * a half whose shards have no samples.
 */
export function plainNode(values: readonly number[], shares: readonly number[], first: number, last: number): number {
  if (last - first === 1) return Math.fround(shares[first]! * values[first]!);
  let half = 1;
  while (half * 2 < last - first) half *= 2;
  const middle = first + half;
  const sums = [[first, middle], [middle, last]]
    .filter(([begin, end]) => shares.slice(begin, end).some((share) => share > 0))
    .map(([begin, end]) => plainNode(values, shares, begin!, end!));
  return Math.fround(sums.reduce((sum, value) => sum + value, 0));
}

/** Averages `vectors`, element by element. */
export function plainMean(vectors: readonly Float32Array[], samples: readonly number[]): Float32Array {
  const shares = plainShares(samples);
  return vectors[0]!.map((_, i) => plainNode(vectors.map((vector) => vector[i]!), shares, 0, vectors.length));
}
