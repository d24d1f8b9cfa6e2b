// Takes the weighted sum of some rows of vectors by the tree of `average`.
import { average } from "./average";

/** The arguments of `averageRows`. */
// @ts-ignore: decorator
@unmanaged
export class AverageRowsCall {
  rows: usize; count: i32; width: i32; height: i32; vectors: usize; stamps: usize; stamp: i32; otherwise: usize;
  otherwiseStride: usize; coefficients: usize; shards: i32; to: usize; pointers: usize; stack: usize; drift: i32;
}

/**
 * For rows[0..count) of a tensor with `height` rows of `width`: to[r] = Σ_s coefficients[s] · v_s[r], where v_s is
 * vectors[s] if stamps[s][r] = stamp, and otherwise `otherwise`, whose rows are `otherwiseStride` bytes apart (0: one row of
 * zeros for all). `vectors` and `stamps` are arrays of pointers, `pointers` is room for another. No coefficient is
 * negative. The rest is as in `average`.
 */
export function averageRows(call: AverageRowsCall): f64 {
  const count = call.count, width = call.width, height = call.height, vectors = call.vectors;
  const stamps = call.stamps, stamp = call.stamp, otherwise = call.otherwise;
  const otherwiseStride = call.otherwiseStride, coefficients = call.coefficients, shards = call.shards;
  const to = call.to, pointers = call.pointers, stack = call.stack, drift = call.drift != 0;
  let rows = call.rows;
  let distance: f64 = 0;
  const end: usize = 4 * <usize>shards, alone = shards > 1 && otherwiseStride == 0 && !drift;
  for (let i = 0; i < count;) {
    const row = load<i32>(rows);
    // Neighbouring rows that the same shards touched are summed together.
    let length = 1;
    while (
      i + length < count && load<i32>(rows + 4 * <usize>length) == row + length &&
      touchedAlike(stamps, end, stamp, row, row + length, otherwiseStride != 0)
    ) length++;
    i += length;
    rows += 4 * <usize>length;
    if (row < 0 || row + length > height) continue;
    const at: usize = 4 * <usize>row * <usize>width;
    const missing = otherwise + <usize>row * otherwiseStride;
    let owners = 0, owner: usize = 0;
    for (let shard: usize = 0; shard < end; shard += 4) {
      const own = load<i32>(<usize>load<u32>(stamps + shard) + 4 * <usize>row) == stamp;
      store<u32>(pointers + shard, own ? load<u32>(vectors + shard) + <u32>at : <u32>missing);
      if (own) {
        owners++;
        owner = shard;
      }
    }
    if (owners == 1 && alone) {
      averageOne(load<u32>(pointers + owner), load<f32>(coefficients + owner), to + at, 4 * <usize>width);
    } else {
      distance += average(pointers, coefficients, shards, to + at, width * length, stack, drift);
    }
  }
  return distance;
}

/** Sums the tree of one vector among zeros: c · x + 0, which is 0 for c · x = -0. */
function averageOne(from: usize, coefficient: f32, to: usize, bytes: usize): void {
  const factor = f32x4.splat(coefficient), zero = f32x4.splat(0);
  const bytes16 = bytes & ~15;
  let at: usize = 0;
  for (; at < bytes16; at += 16) v128.store(to + at, f32x4.add(f32x4.mul(v128.load(from + at), factor), zero));
  for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(from + at) * coefficient + 0);
}

/** Returns whether the same vectors have both rows and, unless `mayMiss`, whether all vectors have them. */
export function touchedAlike(stamps: usize, end: usize, stamp: i32, row: i32, other: i32, mayMiss: bool): bool {
  for (let shard: usize = 0; shard < end; shard += 4) {
    const own = <usize>load<u32>(stamps + shard);
    const has = load<i32>(own + 4 * <usize>row) == stamp;
    if (has != (load<i32>(own + 4 * <usize>other) == stamp) || !(has || mayMiss)) return false;
  }
  return true;
}
