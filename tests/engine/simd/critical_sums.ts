/** Numbers for multiply-adds where a second rounding would err, and special ones. */

export const UNIT = 2 ** -23;
/** Sums that lie near the middle of two float32, where a second rounding would err. */
export const critical: [a: number, b: number, c: number][] = [
  [1 + UNIT, (1 - UNIT) / 2 ** 24, 1 + UNIT],
  [1 + UNIT, (UNIT - 1) / 2 ** 24, 1 + UNIT],
  [1 + UNIT, (1 - UNIT) / 2 ** 24, -1 - UNIT],
  [1 + UNIT, (1 - UNIT) / 2 ** 25, 1],
  [1 + UNIT, (UNIT - 1) / 2 ** 25, 1],
  // Results below the least normal number have fewer bits.
  [2 ** -75, 2 ** -75, 0],
  [2 ** -75, -(2 ** -75), 2 ** -149],
  [1 + UNIT, (1 - UNIT) * 2 ** -127, 2 ** -149],
  [(1 + UNIT) * 2 ** -70, (1 - UNIT) * 2 ** -80, 2 ** -126],
  [3e38, 3e38, -3e38],
  [3e38, 2, -3e38],
  [1, -1, 1],
  [-0, 1, -0],
  [Infinity, 1, -3],
  [1, 1, -Infinity],
  [Infinity, 0, 1],
  [NaN, 1, 1],
];
