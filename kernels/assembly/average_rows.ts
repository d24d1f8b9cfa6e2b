// The weighted sum of some rows of vectors, by the tree of `average`.
import { average } from "./average";

/**
 * Rows rows[0..count) of a tensor of `height` rows, `width` a row: to[r] = Σ_s coefficients[s] · v_s[r], where v_s is
 * vectors[s] if stamps[s][r] = stamp, and else `otherwise`, whose rows are `otherwiseStride` bytes apart (0: one row for
 * all). `vectors` and `stamps` are arrays of pointers, `pointers` is room for another. The rest as in `average`.
 */
export function averageRows(
  rows: usize, count: i32, width: i32, height: i32, vectors: usize, stamps: usize, stamp: i32,
  otherwise: usize, otherwiseStride: usize, coefficients: usize, shards: i32, to: usize, pointers: usize, stack: usize,
  drift: bool,
): f64 {
  let distance: f64 = 0;
  const end: usize = 4 * <usize>shards;
  for (let i = 0; i < count; i++, rows += 4) {
    const row = load<i32>(rows);
    if (<u32>row >= <u32>height) continue;
    const at: usize = 4 * <usize>row * <usize>width;
    const missing = otherwise + <usize>row * otherwiseStride;
    for (let shard: usize = 0; shard < end; shard += 4) {
      const own = load<i32>(<usize>load<u32>(stamps + shard) + 4 * <usize>row) == stamp;
      store<u32>(pointers + shard, own ? load<u32>(vectors + shard) + <u32>at : <u32>missing);
    }
    distance += average(pointers, coefficients, shards, to + at, width, stack, drift);
  }
  return distance;
}
