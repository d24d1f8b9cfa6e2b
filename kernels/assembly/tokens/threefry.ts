// Computes Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), four blocks at a
// time: the words of lib/base/random.ts.

// @ts-ignore: decorator
@inline
const KEY_PARITY: i32 = 0x1BD11BDA;

// @ts-ignore: decorator
@inline
function rotated(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}

/**
 * Writes eight words to `to`: the two of each block whose second counter word is `high` ^ (block + 0 to 3), in order.
 * The first counter word is the same for all.
 */
// @ts-ignore: decorator
@inline
export function threefryWords(key0: i32, key1: i32, counter0: i32, high: i32, block: i32, to: usize): void {
  const k0 = i32x4.splat(key0), k1 = i32x4.splat(key1), k2 = i32x4.splat(KEY_PARITY ^ key0 ^ key1);
  let x0 = i32x4.splat(counter0 + key0);
  const blocks = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3));
  let x1 = i32x4.add(v128.xor(i32x4.splat(high), blocks), k1);

  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 13), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 15), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 26), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 6), x0);
  x0 = i32x4.add(x0, k1); x1 = i32x4.add(x1, i32x4.add(k2, i32x4.splat(1)));

  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 17), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 29), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 16), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 24), x0);
  x0 = i32x4.add(x0, k2); x1 = i32x4.add(x1, i32x4.add(k0, i32x4.splat(2)));

  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 13), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 15), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 26), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 6), x0);
  x0 = i32x4.add(x0, k0); x1 = i32x4.add(x1, i32x4.add(k1, i32x4.splat(3)));

  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 17), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 29), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 16), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 24), x0);
  x0 = i32x4.add(x0, k1); x1 = i32x4.add(x1, i32x4.add(k2, i32x4.splat(4)));

  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 13), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 15), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 26), x0);
  x0 = i32x4.add(x0, x1); x1 = v128.xor(rotated(x1, 6), x0);
  x0 = i32x4.add(x0, k2); x1 = i32x4.add(x1, i32x4.add(k0, i32x4.splat(5)));

  v128.store(to, i32x4.shuffle(x0, x1, 0, 4, 1, 5));
  v128.store(to, i32x4.shuffle(x0, x1, 2, 6, 3, 7), 16);
}
