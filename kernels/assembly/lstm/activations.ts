// Computes tanh, sigmoid and exp of four float32 at a time. NaN stays NaN; ±Inf give the limits.

// tanh x ≈ x · P(x²) / Q(x²) on |x| ≤ LIMIT, degrees 4 and 4, a minimax fit of the relative error (Lawson's iteration on
// linearised least squares): 5.7e-9 before rounding. Beyond LIMIT, where 1 - tanh x < 2.8e-7, the value at LIMIT is
// taken; there the quotient stays below 1. With float32 rounding: |error| ≤ 3.6e-7, relative error ≤ 3.6e-7.
//
// sigmoid x = 1/2 + tanh(x / 2) / 2: |error| ≤ 2.1e-7, values within [0, 1].
//
// V8 rebuilds a constant wherever it is used, in each iteration of a loop. So loops put the constants into variables first and
// pass these to `tanhOf` and `sigmoidOf`.
// @ts-ignore: decorator
@inline export const LIMIT: f32 = 7.90531110763549805;
// @ts-ignore: decorator
@inline export const P1: f32 = 0.13450297713279724;
// @ts-ignore: decorator
@inline export const P2: f32 = 3.578601637855172e-3;
// @ts-ignore: decorator
@inline export const P3: f32 = 2.201643837906886e-5;
// @ts-ignore: decorator
@inline export const P4: f32 = 1.5417466414646697e-8;
// @ts-ignore: decorator
@inline export const Q1: f32 = 0.46783626079559326;
// @ts-ignore: decorator
@inline export const Q2: f32 = 2.619077078998089e-2;
// @ts-ignore: decorator
@inline export const Q3: f32 = 3.4229972516186535e-4;
// @ts-ignore: decorator
@inline export const Q4: f32 = 8.594731184530247e-7;

// @ts-ignore: decorator
@inline
export function tanhOf(
  value: v128, limit: v128, least: v128, one: v128,
  p1: v128, p2: v128, p3: v128, p4: v128, q1: v128, q2: v128, q3: v128, q4: v128,
): v128 {
  const x = f32x4.pmax(f32x4.pmin(value, limit), least);
  const u = f32x4.mul(x, x);
  let p = f32x4.relaxed_madd(u, p4, p3);
  let q = f32x4.relaxed_madd(u, q4, q3);
  p = f32x4.relaxed_madd(p, u, p2);
  q = f32x4.relaxed_madd(q, u, q2);
  p = f32x4.relaxed_madd(p, u, p1);
  q = f32x4.relaxed_madd(q, u, q1);
  p = f32x4.relaxed_madd(p, u, one);
  q = f32x4.relaxed_madd(q, u, one);
  return f32x4.div(f32x4.mul(x, p), q);
}

// @ts-ignore: decorator
@inline
export function sigmoidOf(
  value: v128, half: v128, limit: v128, least: v128, one: v128,
  p1: v128, p2: v128, p3: v128, p4: v128, q1: v128, q2: v128, q3: v128, q4: v128,
): v128 {
  const tanh = tanhOf(f32x4.mul(value, half), limit, least, one, p1, p2, p3, p4, q1, q2, q3, q4);
  return f32x4.relaxed_madd(tanh, half, half);
}

// @ts-ignore: decorator
@inline
function tanh4(value: v128): v128 {
  return tanhOf(
    value, f32x4.splat(LIMIT), f32x4.splat(-LIMIT), f32x4.splat(1), f32x4.splat(P1), f32x4.splat(P2), f32x4.splat(P3),
    f32x4.splat(P4), f32x4.splat(Q1), f32x4.splat(Q2), f32x4.splat(Q3), f32x4.splat(Q4),
  );
}

// @ts-ignore: decorator
@inline
function sigmoid4(value: v128): v128 {
  const half = f32x4.splat(0.5);
  return f32x4.relaxed_madd(tanh4(f32x4.mul(value, half)), half, half);
}

// exp x = 2ⁿ · e^r with n = round(x / ln 2), |r| ≤ ln 2 / 2, and the polynomial of degree 6 of Cephes' expf (Moshier):
// relative error ≤ 2e-7 on [-87, 88]; below -87.33 it is 0 and above 88.72 it is Inf.
// @ts-ignore: decorator
@inline
export function exp4(value: v128): v128 {
  const low = f32x4.splat(-87.33654), high = f32x4.splat(88.72283);
  const x = f32x4.pmax(f32x4.pmin(value, high), low);
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  let r = f32x4.relaxed_nmadd(n, f32x4.splat(0.693359375), x);
  r = f32x4.relaxed_nmadd(n, f32x4.splat(-2.12194440e-4), r);
  let p = f32x4.relaxed_madd(r, f32x4.splat(1.9875691500e-4), f32x4.splat(1.3981999507e-3));
  p = f32x4.relaxed_madd(p, r, f32x4.splat(8.3334519073e-3));
  p = f32x4.relaxed_madd(p, r, f32x4.splat(4.1665795894e-2));
  p = f32x4.relaxed_madd(p, r, f32x4.splat(1.6666665459e-1));
  p = f32x4.relaxed_madd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.relaxed_madd(f32x4.mul(r, r), p, r), f32x4.splat(1));
  // Multiplies by 2^(n/2) twice, as 2^128 is not a float32 although e^88.7 is.
  const i = i32x4.relaxed_trunc_f32x4_s(n);
  const i1 = i32x4.shr_s(i, 1), i2 = i32x4.sub(i, i1);
  const bias = i32x4.splat(127);
  p = f32x4.mul(p, i32x4.shl(i32x4.add(i1, bias), 23));
  p = f32x4.mul(p, i32x4.shl(i32x4.add(i2, bias), 23));
  p = v128.andnot(p, f32x4.lt(value, low));
  p = v128.bitselect(f32x4.splat(Infinity), p, f32x4.gt(value, high));
  return v128.bitselect(p, value, f32x4.eq(value, value));
}

/** to[i] = tanh(from[i]); `count` is a multiple of 4. */
export function tanhArray(from: usize, to: usize, count: i32): void {
  for (let end = from + 4 * <usize>count; from < end; from += 16, to += 16) v128.store(to, tanh4(v128.load(from)));
}

/** to[i] = sigmoid(from[i]); `count` is a multiple of 4. */
export function sigmoidArray(from: usize, to: usize, count: i32): void {
  for (let end = from + 4 * <usize>count; from < end; from += 16, to += 16) v128.store(to, sigmoid4(v128.load(from)));
}

/** to[i] = exp(from[i]); `count` is a multiple of 4. */
export function expArray(from: usize, to: usize, count: i32): void {
  for (let end = from + 4 * <usize>count; from < end; from += 16, to += 16) v128.store(to, exp4(v128.load(from)));
}
