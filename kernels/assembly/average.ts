// The weighted sum of vectors by a fixed binary tree, float32, each product and each sum rounded on its own.
//
//   tree(lo, hi) = coefficient[lo] · vector[lo] if hi - lo = 1, else tree(lo, mid) + tree(mid, hi)
//
// with mid = lo + the largest power of two below hi - lo. Adding to a binary counter gives that tree: a subtree of
// 2^k leaves is closed as soon as it is full, and the open ones are joined from the right at the end.

/** Elements done at a time. */
const BLOCK: usize = 4 * 256;

// @ts-ignore: decorator
@inline
function add(left: usize, right: usize, length: usize): void {
  // What lies behind the last element, up to three more, is never read.
  for (let at: usize = 0; at < length; at += 16) {
    v128.store(left + at, f32x4.add(v128.load(left + at), v128.load(right + at)));
  }
}

// @ts-ignore: decorator
@inline
function term(values: usize, coefficient: f32): v128 {
  return f32x4.mul(v128.load(values), f32x4.splat(coefficient));
}

/** The whole tree of one to four vectors in registers. */
function averageFew(vectors: usize, coefficients: usize, shards: i32, to: usize, bytes: usize): void {
  const v0: usize = load<u32>(vectors), c0 = load<f32>(coefficients);
  const v1: usize = shards > 1 ? load<u32>(vectors, 4) : 0, c1 = shards > 1 ? load<f32>(coefficients, 4) : 0;
  const v2: usize = shards > 2 ? load<u32>(vectors, 8) : 0, c2 = shards > 2 ? load<f32>(coefficients, 8) : 0;
  const v3: usize = shards > 3 ? load<u32>(vectors, 12) : 0, c3 = shards > 3 ? load<f32>(coefficients, 12) : 0;
  const bytes16 = bytes & ~15;
  let at: usize = 0;
  if (shards == 1) {
    for (; at < bytes16; at += 16) v128.store(to + at, term(v0 + at, c0));
  } else if (shards == 2) {
    for (; at < bytes16; at += 16) v128.store(to + at, f32x4.add(term(v0 + at, c0), term(v1 + at, c1)));
  } else {
    for (; at < bytes16; at += 16) {
      const left = f32x4.add(term(v0 + at, c0), term(v1 + at, c1));
      const right = shards == 3 ? term(v2 + at, c2) : f32x4.add(term(v2 + at, c2), term(v3 + at, c3));
      v128.store(to + at, f32x4.add(left, right));
    }
  }
  for (; at < bytes; at += 4) {
    let sum = load<f32>(v0 + at) * c0;
    if (shards > 1) sum += load<f32>(v1 + at) * c1;
    if (shards == 3) sum += load<f32>(v2 + at) * c2;
    if (shards == 4) sum += load<f32>(v2 + at) * c2 + load<f32>(v3 + at) * c3;
    store<f32>(to + at, sum);
  }
}

/**
 * to[i] = Σ_s coefficients[s] · vectors[s][i] for `count` elements. `vectors` is an array of pointers, int32[shards];
 * `stack` is BLOCK · (2 + log2 shards) bytes. Returns Σ_s Σ_i (vectors[s][i] - to[i])² if `drift`, else 0.
 */
export function average(
  vectors: usize, coefficients: usize, shards: i32, to: usize, count: i32, stack: usize, drift: bool,
): f64 {
  if (shards <= 4 && !drift) {
    averageFew(vectors, coefficients, shards, to, 4 * <usize>count);
    return 0;
  }
  let distance: f64 = 0;
  const bytes: usize = 4 * <usize>count;
  for (let begin: usize = 0; begin < bytes; begin += BLOCK) {
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
