// Computes the squared L2 norm in double precision.

/**
 * Returns Σ x² over `count` float32. Element i is added to partial sum i % 8; the partial sums are added pairwise. The order is
 * fixed, so the same range gives the same bits.
 */
export function squaredNorm(from: usize, count: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const end8 = from + 32 * <usize>(count >> 3);
  for (; from < end8; from += 32) {
    const x0 = f64x2.promote_low_f32x4(v128.load64_zero(from)), x1 = f64x2.promote_low_f32x4(v128.load64_zero(from, 8));
    const x2 = f64x2.promote_low_f32x4(v128.load64_zero(from, 16)), x3 = f64x2.promote_low_f32x4(v128.load64_zero(from, 24));
    s0 = f64x2.add(s0, f64x2.mul(x0, x0));
    s1 = f64x2.add(s1, f64x2.mul(x1, x1));
    s2 = f64x2.add(s2, f64x2.mul(x2, x2));
    s3 = f64x2.add(s3, f64x2.mul(x3, x3));
  }
  let sum = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  let total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  for (let end = from + 4 * <usize>(count & 7); from < end; from += 4) {
    const x = <f64>load<f32>(from);
    total += x * x;
  }
  return total;
}
