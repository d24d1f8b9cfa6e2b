// Takes the weighted sum of vectors by a fixed binary tree in float32, with each product and each sum rounded by itself.
//
//   tree(lo, hi) = coefficient[lo] · vector[lo] if hi - lo = 1, else tree(lo, mid) + tree(mid, hi)
//
// with mid = lo + the largest power of two below hi - lo. A binary counter gives that tree: a subtree of 2^k leaves
// is closed when it is full, and the open ones are joined from the right at the end.

/** Bytes of a vector that are summed at a time. */
const BLOCK: usize = 4 * 256;

// @ts-ignore: decorator
@inline
function add(left: usize, right: usize, length: usize): void {
  // Up to three values after the last element are added too, and never read.
  for (let at: usize = 0; at < length; at += 16) {
    v128.store(left + at, f32x4.add(v128.load(left + at), v128.load(right + at)));
  }
}

/** Returns the tree of the first `count` of four vectors, 1 to 4, at the same place of each. */
// @ts-ignore: decorator
@inline
function tree(v0: usize, c0: v128, v1: usize, c1: v128, v2: usize, c2: v128, v3: usize, c3: v128, count: i32): v128 {
  let sum = f32x4.mul(v128.load(v0), c0);
  if (count > 1) sum = f32x4.add(sum, f32x4.mul(v128.load(v1), c1));
  if (count == 3) sum = f32x4.add(sum, f32x4.mul(v128.load(v2), c2));
  if (count == 4) sum = f32x4.add(sum, f32x4.add(f32x4.mul(v128.load(v2), c2), f32x4.mul(v128.load(v3), c3)));
  return sum;
}

/** Most vectors whose tree stays in registers. */
const FEW = 8;

/** Returns the pointer to a shard's vector, or 0 after the last shard. */
// @ts-ignore: decorator
@inline
export function vectorAt(vectors: usize, shards: i32, shard: i32): usize {
  return shard < shards ? load<u32>(vectors + 4 * <usize>shard) : 0;
}

/** Returns a shard's factor four times, or 0 after the last shard. */
// @ts-ignore: decorator
@inline
export function factorAt(factors: usize, shards: i32, shard: i32): v128 {
  return f32x4.splat(shard < shards ? load<f32>(factors + 4 * <usize>shard) : 0);
}

/** Sums the whole tree of one to FEW vectors in registers. `bytes` is a multiple of 16. */
function averageFew(vectors: usize, coefficients: usize, shards: i32, to: usize, bytes: usize): void {
  const v0 = vectorAt(vectors, shards, 0), c0 = factorAt(coefficients, shards, 0);
  const v1 = vectorAt(vectors, shards, 1), c1 = factorAt(coefficients, shards, 1);
  const v2 = vectorAt(vectors, shards, 2), c2 = factorAt(coefficients, shards, 2);
  const v3 = vectorAt(vectors, shards, 3), c3 = factorAt(coefficients, shards, 3);
  if (shards <= 4) {
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(to + at, tree(v0 + at, c0, v1 + at, c1, v2 + at, c2, v3 + at, c3, shards));
    }
    return;
  }
  const v4 = vectorAt(vectors, shards, 4), c4 = factorAt(coefficients, shards, 4);
  const v5 = vectorAt(vectors, shards, 5), c5 = factorAt(coefficients, shards, 5);
  const v6 = vectorAt(vectors, shards, 6), c6 = factorAt(coefficients, shards, 6);
  const v7 = vectorAt(vectors, shards, 7), c7 = factorAt(coefficients, shards, 7);
  for (let at: usize = 0; at < bytes; at += 16) {
    const left = tree(v0 + at, c0, v1 + at, c1, v2 + at, c2, v3 + at, c3, 4);
    const right = tree(v4 + at, c4, v5 + at, c5, v6 + at, c6, v7 + at, c7, shards - 4);
    v128.store(to + at, f32x4.add(left, right));
  }
}

/**
 * to[i] = Σ_s coefficients[s] · vectors[s][i] for `count` elements. `vectors` is an array of pointers, int32[shards];
 * `stack` is BLOCK · (2 + log2 shards) bytes. Returns Σ_s Σ_i (vectors[s][i] - to[i])² if `drift`, else 0.
 */
export function average(
  vectors: usize, coefficients: usize, shards: i32, to: usize, count: i32, stack: usize, drift: bool,
): f64 {
  let distance: f64 = 0;
  const bytes: usize = 4 * <usize>count;
  const done: usize = shards <= FEW && !drift ? bytes & ~15 : 0;
  if (done > 0) averageFew(vectors, coefficients, shards, to, done);
  for (let begin = done; begin < bytes; begin += BLOCK) {
    const length = min(BLOCK, bytes - begin);
    let top = stack;
    for (let shard = 0; shard < shards; shard++) {
      const from = <usize>load<u32>(vectors + 4 * <usize>shard) + begin;
      const coefficient = load<f32>(coefficients + 4 * <usize>shard);
      const factor = f32x4.splat(coefficient);
      let at: usize = 0;
      for (; at + 16 <= length; at += 16) v128.store(top + at, f32x4.mul(v128.load(from + at), factor));
      for (; at < length; at += 4) store<f32>(top + at, load<f32>(from + at) * coefficient);
      top += BLOCK;
      for (let full = shard + 1; (full & 1) == 0; full >>= 1) {
        top -= BLOCK;
        add(top - BLOCK, top, length);
      }
    }
    while (top > stack + BLOCK) {
      top -= BLOCK;
      add(top - BLOCK, top, length);
    }
    let at: usize = 0;
    for (; at + 16 <= length; at += 16) v128.store(to + begin + at, v128.load(stack + at));
    for (; at < length; at += 4) store<f32>(to + begin + at, load<f32>(stack + at));
    if (drift) {
      for (let shard = 0; shard < shards; shard++) {
        const from = <usize>load<u32>(vectors + 4 * <usize>shard) + begin;
        for (at = 0; at < length; at += 4) {
          const difference = <f64>load<f32>(from + at) - <f64>load<f32>(to + begin + at);
          distance += difference * difference;
        }
      }
    }
  }
  return distance;
}
