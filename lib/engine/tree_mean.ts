/**
 * Computes the weighted mean over shards by a fixed binary tree over shard numbers: the node over [first, last) adds its
 * two halves, split at the greatest power of two below its size. Any thread on any machine may sum a node and gets the same
 * bits. All arithmetic is float32, with one rounding per operation.
 */

/** Returns the weight of each shard as float32: its fraction of all samples. */
export function coefficients(samples: readonly number[]): Float32Array {
  const total = samples.reduce((sum, count) => sum + count, 0);
  return Float32Array.from(samples, (count) => count / total);
}

/** Returns how many shards the left half of a node over `size` shards has. */
export function splitAt(size: number): number {
  return 2 ** Math.ceil(Math.log2(size) - 1);
}

/** Counts the elements summed at a time: few enough that several blocks stay in the first-level cache. */
const BLOCK = 1024;

interface TreeMean {
  /** Writes the mean of `slots[s][begin..end)` over all s to `out[begin..end)`. */
  mean(slots: readonly Float32Array[], weights: Float32Array, out: Float32Array, begin: number, end: number): void;
}

/** Creates a `TreeMean` for up to `shards` shards, with its scratch. */
export function createTreeMean(shards: number): TreeMean {
  const levels = Math.ceil(Math.log2(shards)) + 1;
  const scratch = Array.from({ length: levels }, () => new Float32Array(BLOCK));

  /** Sums the node over [first, last) of the elements [begin, begin + count), into `out` from `at`. */
  function node(
    slots: readonly Float32Array[],
    weights: Float32Array,
    first: number,
    last: number,
    level: number,
    begin: number,
    count: number,
    out: Float32Array,
    at: number,
  ): void {
    if (last - first === 1) {
      const values = slots[first]!;
      const weight = weights[first]!;
      for (let i = 0; i < count; i++) out[at + i] = weight * values[begin + i]!;
      return;
    }
    const middle = first + splitAt(last - first);
    const right = scratch[level]!;
    node(slots, weights, first, middle, level + 1, begin, count, out, at);
    node(slots, weights, middle, last, level + 1, begin, count, right, 0);
    for (let i = 0; i < count; i++) out[at + i]! += right[i]!;
  }

  return {
    mean(slots, weights, out, begin, end) {
      for (let block = begin; block < end; block += BLOCK) {
        node(slots, weights, 0, slots.length, 0, block, Math.min(BLOCK, end - block), out, block);
      }
    },
  };
}

/** Returns Σ (slot - mean)² over shards and the elements [begin, end), from which drift is computed. */
export function squaredDistance(
  slots: readonly Float32Array[],
  mean: Float32Array,
  begin: number,
  end: number,
): number {
  let distance = 0;
  for (let i = begin; i < end; i++) {
    const center = mean[i]!;
    for (const slot of slots) distance += (slot[i]! - center) ** 2;
  }
  return distance;
}
