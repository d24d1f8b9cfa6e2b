/**
 * Elementary functions with the same bits everywhere. Those of `Math` differ in the last bit from engine to engine, and from
 * build to build of one engine, so weights that follow from them would too. These use only operations that the language
 * defines exactly. Their errors are below one unit in the last place.
 */

/** ln 2 in two parts: a product of the first with a small whole number is exact. */
const LN2 = [0.6931471805592082, 7.371002565167799e-13] as const;
/** π / 2, in the same way. */
const HALF_PI = [1.5707963267941523, 7.443547480486623e-13] as const;

/** 1 / 3, 1 / 5, …: the inverse hyperbolic tangent of z is z + z³ / 3 + z⁵ / 5 …. */
const ATANH = Array.from({ length: 11 }, (_, index) => 1 / (2 * index + 3));
/** 1 / 4!, -1 / 6!, … of the cosine, and -1 / 3!, 1 / 5!, … of the sine. */
const COSINE = inverseFactorials(4, 1);
const SINE = inverseFactorials(3, -1);

/** Returns the natural logarithm of `x`, a number from 2^-1022 to 1. */
export function ln(x: number): number {
  let [mantissa, exponent] = [x, 0];
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    exponent--;
  }
  // With z = (m - 1) / (m + 1), ln m = 2 atanh z = f - z (f - 2 z² s), where f = m - 1 and s is the rest of the series.
  const f = mantissa - 1;
  const z = f / (2 + f);
  const square = z * z;
  const rest = 2 * square * polynomial(ATANH, square);
  const low = exponent * LN2[1] - z * (f - rest);
  return exponent * LN2[0] + (f + low);
}

/** Returns the cosine of `x`, from 0 to 2π. */
export function cos(x: number): number {
  const quarter = Math.round(x / HALF_PI[0]);
  const r = x - quarter * HALF_PI[0] - quarter * HALF_PI[1];
  switch (quarter % 4) {
    case 0:
      return cosine(r);
    case 1:
      return -sine(r);
    case 2:
      return -cosine(r);
    default:
      return sine(r);
  }
}

/** Returns `base` to the power of the whole number `exponent`, at least 0, correctly rounded but for the rarest cases. */
export function power(base: number, exponent: number): number {
  // The factors and the result are sums of two numbers, with twice the bits.
  let [high, low] = [1, 0];
  let [factor, factorLow] = [base, 0];
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) [high, low] = product(high, low, factor, factorLow);
    if (left > 1) [factor, factorLow] = product(factor, factorLow, factor, factorLow);
  }
  return high + low;
}

/** The cosine of `r`, from -π / 4 to π / 4. */
function cosine(r: number): number {
  const square = r * r, half = square / 2;
  const near = 1 - half;
  return near + (1 - near - half + square * square * polynomial(COSINE, square));
}

/** The sine of `r`, from -π / 4 to π / 4. */
function sine(r: number): number {
  const square = r * r;
  return r + r * square * polynomial(SINE, square);
}

function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let index = coefficients.length - 1; index >= 0; index--) sum = sum * x + coefficients[index]!;
  return sum;
}

/** Returns sign / first!, -sign / (first + 2)!, … as far as float64 can tell. */
function inverseFactorials(first: number, sign: number): number[] {
  let factorial = 1;
  for (let n = 2; n <= first; n++) factorial *= n;
  const list: number[] = [];
  for (let n = first; n <= 18; n += 2) {
    list.push(sign / factorial);
    sign = -sign;
    factorial *= (n + 1) * (n + 2);
  }
  return list;
}

/** Multiplies two sums of two numbers (Dekker, 1971). */
function product(a: number, aLow: number, b: number, bLow: number): [high: number, low: number] {
  const high = a * b;
  const [aTop, bTop] = [top(a), top(b)];
  const [aRest, bRest] = [a - aTop, b - bTop];
  const error = aRest * bRest - (high - aTop * bTop - aRest * bTop - aTop * bRest);
  const low = error + (a * bLow + aLow * b);
  const sum = high + low;
  return [sum, low - (sum - high)];
}

/** Returns the upper 26 bits of `a`. */
function top(a: number): number {
  const scaled = (2 ** 27 + 1) * a;
  return scaled - (scaled - a);
}
