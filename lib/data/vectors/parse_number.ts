/** The greatest whole number of which every smaller one is exact, and the powers of ten that are exact. */
const EXACT = 2 ** 53;
const POWERS: Float64Array = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

const [PLUS, MINUS, POINT, ZERO, NINE, BIG_E, SMALL_E] = [43, 45, 46, 48, 57, 69, 101];
const DECIMAL = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/**
 * Parses the ASCII decimal in `bytes` from `start` to `end - 1`, to the same number as `Number()`; NaN if it is none. The
 * usual case creates no string: with exact operands, one division or product rounds correctly (Clinger, 1990).
 */
export function parseNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const sign = bytes[at]!;
  if (sign === MINUS || sign === PLUS) at++;
  let digits = 0;
  let fraction = 0;
  let value = 0;
  let hasPoint = false;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte >= ZERO && byte <= NINE) {
      value = value * 10 + (byte - ZERO);
      digits++;
      if (hasPoint) fraction++;
    } else if (byte === POINT && !hasPoint) hasPoint = true;
    else break;
  }
  let exponent = 0;
  if (at < end && digits > 0 && (bytes[at] === SMALL_E || bytes[at] === BIG_E)) {
    const isNegative = bytes[++at] === MINUS;
    if (isNegative || bytes[at] === PLUS) at++;
    if (at === end) return NaN;
    for (; at < end && exponent < 1000; at++) {
      const byte = bytes[at]!;
      if (byte < ZERO || byte > NINE) return NaN;
      exponent = exponent * 10 + (byte - ZERO);
    }
    if (isNegative) exponent = -exponent;
  }
  if (digits === 0) return NaN;
  const power = exponent - fraction;
  if (at < end || value >= EXACT || power < -22 || power > 22) return slowly(bytes, start, end);
  const size = power < 0 ? value / POWERS[-power]! : value * POWERS[power]!;
  return sign === MINUS ? -size : size;
}

function slowly(bytes: Uint8Array, start: number, end: number): number {
  const text = String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 1024)));
  return DECIMAL.test(text) ? Number(text) : NaN;
}
