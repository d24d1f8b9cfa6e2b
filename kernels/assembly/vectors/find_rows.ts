// Finds the rows of a tensor that moved lately, by the stamp of each shard for each row.

/** Rows that are examined together. */
const SOME = 16;

/** The arguments of `findRows`. */
// @ts-ignore: decorator
@unmanaged
export class FindRowsCall {
  stamps: usize; shards: i32; stamp: i32; height: i32; block: i32; parts: i32; first: i32; step: i32; list: usize;
  room: i32; found: usize;
}

/**
 * Lists rows of age 0 from `list` up, and those of age 1 from its end, `room` words further, down. A row's age is the number
 * of rounds from the newest of its stamps to `stamp`, in 32 bits; stamps[s] is int32[height], `stamps` an array of `shards`
 * pointers. found[0] becomes the number of rows of age 0, found[1] of age 1; rows without room are counted and not listed.
 *
 * Row r belongs to part ⌊r / block⌋ mod parts. Only the parts first, first + step, … are examined; rows ascend in each.
 */
export function findRows(call: FindRowsCall): void {
  const stamps = call.stamps, shards = call.shards, stamp = call.stamp, height = call.height;
  const block = call.block, parts = call.parts, first = call.first, step = call.step, list = call.list;
  const room = call.room, found = call.found;
  const end: usize = 4 * <usize>shards, now = i32x4.splat(stamp);
  let touched = 0, stale = 0;
  for (let part = first; part < parts; part += step) {
    for (let begin = part * block; begin < height; begin += parts * block) {
      const last = min(begin + block, height);
      for (let row = begin; row < last; row += SOME) {
        // Bits 0 to 15 are set for rows of age 0, bits 16 to 31 for rows of age 1.
        let ages = row + SOME <= last
          ? agesOfMany(stamps, end, now, row)
          : agesOfFew(stamps, end, stamp, row, last - row);
        for (; ages != 0; ages &= ages - 1) {
          const bit = <i32>ctz(ages);
          if (bit < SOME) {
            if (touched + stale < room) store<i32>(list + 4 * <usize>touched, row + bit);
            touched++;
          } else {
            stale++;
            if (touched + stale <= room) store<i32>(list + 4 * <usize>(room - stale), row + bit - SOME);
          }
        }
      }
    }
  }
  store<i32>(found, touched);
  store<i32>(found, stale, 4);
}

// @ts-ignore: decorator
@inline
function agesOfMany(stamps: usize, end: usize, now: v128, row: i32): u32 {
  let a = i32x4.splat(-1), b = a, c = a, d = a;
  for (let shard: usize = 0; shard < end; shard += 4) {
    const own = <usize>load<u32>(stamps + shard) + 4 * <usize>row;
    a = i32x4.min_u(a, i32x4.sub(now, v128.load(own)));
    b = i32x4.min_u(b, i32x4.sub(now, v128.load(own, 16)));
    c = i32x4.min_u(c, i32x4.sub(now, v128.load(own, 32)));
    d = i32x4.min_u(d, i32x4.sub(now, v128.load(own, 48)));
  }
  const one = i32x4.splat(1), least = i32x4.min_u(i32x4.min_u(a, b), i32x4.min_u(c, d));
  if (!v128.any_true(i32x4.le_u(least, one))) return 0;
  return equal(a, b, c, d, i32x4.splat(0)) | equal(a, b, c, d, one) << SOME;
}

/** Returns a bit for each of sixteen ages, set where it equals `age`. */
// @ts-ignore: decorator
@inline
function equal(a: v128, b: v128, c: v128, d: v128, age: v128): u32 {
  const left = i16x8.narrow_i32x4_s(i32x4.eq(a, age), i32x4.eq(b, age));
  const right = i16x8.narrow_i32x4_s(i32x4.eq(c, age), i32x4.eq(d, age));
  return i8x16.bitmask(i8x16.narrow_i16x8_s(left, right));
}

function agesOfFew(stamps: usize, end: usize, stamp: i32, row: i32, count: i32): u32 {
  let ages: u32 = 0;
  for (let i = 0; i < count; i++, row++) {
    let age: u32 = -1;
    for (let shard: usize = 0; shard < end; shard += 4) {
      age = min(age, <u32>(stamp - load<i32>(<usize>load<u32>(stamps + shard) + 4 * <usize>row)));
    }
    if (age < 2) ages |= <u32>1 << (i + SOME * age);
  }
  return ages;
}
