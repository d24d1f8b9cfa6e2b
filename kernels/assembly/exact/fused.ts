// Computes fused multiply-adds and truncations for engines without the relaxed instructions, with the same bits.
//
// A product of two float32 is exact in float64, and so is the error of a float64 sum (Knuth's TwoSum). The sum is rounded to
// odd: if it is inexact and its last bit is 0, it moves by one unit towards the exact value. A number rounded to odd with at
// least two bits more than float32 has rounds to the same float32 as the exact one (Boldo & Melquiond, 2008).

/** a · b + c, rounded once. */
export function madd(a: v128, b: v128, c: v128): v128 {
  return i64x2.shuffle(fusedHalf(a, b, c), fusedHalf(upper(a), upper(b), upper(c)), 0, 2);
}

/** c - a · b, rounded once. */
export function nmadd(a: v128, b: v128, c: v128): v128 {
  return madd(f32x4.neg(a), b, c);
}

export function truncated(value: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(value);
}

// @ts-ignore: decorator
@inline
function upper(value: v128): v128 {
  return i64x2.shuffle(value, value, 1, 1);
}

/** Does the lower two of madd. */
function fusedHalf(a: v128, b: v128, c: v128): v128 {
  const product = f64x2.mul(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
  const other = f64x2.promote_low_f32x4(c);
  const sum = f64x2.add(product, other);
  const added = f64x2.sub(sum, product);
  const error = f64x2.add(f64x2.sub(product, f64x2.sub(sum, added)), f64x2.sub(other, added));
  // An infinite sum has NaN as its error, which is not greater than 0.
  const isInexact = f64x2.gt(f64x2.abs(error), f64x2.splat(0));
  const isEven = i64x2.sub(v128.and(sum, i64x2.splat(1)), i64x2.splat(1));
  const unit = v128.or(i64x2.shr_s(v128.xor(sum, error), 63), i64x2.splat(1));
  return f32x4.demote_f64x2_zero(i64x2.add(sum, v128.and(unit, v128.and(isInexact, isEven))));
}
