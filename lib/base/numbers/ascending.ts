/**
 * Stores ascending whole numbers in few bits: their count (4 bytes), a parameter k (1 byte), and the gaps between them, less
 * 1, in the code of Rice ("Some practical universal noiseless coding techniques", JPL 79-22, 1979): `gap >> k` ones, a zero,
 * and k bits.
 */
const HEAD_BYTES = 5;
/** Gaps are less than 2^53. */
const MOST_BITS = 52;

/** Encodes `numbers`, each greater than the one before, the first at least 0. */
export function encodeAscending(numbers: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const count = numbers.length;
  const last = count > 0 ? numbers[count - 1]! : 0;
  // The best parameter for gaps at random, whose mean this is.
  const k = Math.max(0, Math.min(MOST_BITS, Math.floor(Math.log2(0.7 * (last + 1) / Math.max(1, count)))));
  const unit = 2 ** k;
  let bits = 8 * HEAD_BYTES;
  for (let i = 0; i < count; i++) bits += Math.floor(gapAt(numbers, i) / unit) + 1 + k;
  const bytes = new Uint8Array(Math.ceil(bits / 8));
  new DataView(bytes.buffer).setUint32(0, count, true);
  bytes[4] = k;
  let at = 8 * HEAD_BYTES;
  const put = (bit: number) => {
    bytes[at >> 3]! |= bit << (at & 7);
    at++;
  };
  for (let i = 0; i < count; i++) {
    const gap = gapAt(numbers, i);
    for (let ones = Math.floor(gap / unit); ones > 0; ones--) put(1);
    put(0);
    for (let rest = gap % unit, bit = 0; bit < k; bit++, rest = Math.floor(rest / 2)) put(rest % 2);
  }
  return bytes;
}

function gapAt(numbers: ArrayLike<number>, i: number): number {
  return i === 0 ? numbers[0]! : numbers[i]! - numbers[i - 1]! - 1;
}

/** Returns the numbers in `bytes`. Throws a RangeError if one is not below `end`, or if they are truncated. */
export function decodeAscending(bytes: Uint8Array, end: number): Float64Array {
  const bits = 8 * bytes.length;
  const count = bytes.length < HEAD_BYTES ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const k = bytes[4] ?? 0;
  // Each number has at least one bit, so that a short file cannot ask for much memory.
  if (bytes.length < HEAD_BYTES || k > MOST_BITS || count * (1 + k) > bits - 8 * HEAD_BYTES) {
    throw new RangeError("ascending numbers are truncated");
  }
  const numbers = new Float64Array(count);
  let at = 8 * HEAD_BYTES;
  const next = () => {
    if (at >= bits) throw new RangeError("ascending numbers are truncated");
    const bit = (bytes[at >> 3]! >> (at & 7)) & 1;
    at++;
    return bit;
  };
  let number = -1;
  for (let i = 0; i < count; i++) {
    let gap = 0;
    while (next() === 1) gap++;
    gap *= 2 ** k;
    for (let bit = 0, value = 1; bit < k; bit++, value *= 2) gap += value * next();
    number += gap + 1;
    if (number >= end) throw new RangeError(`an ascending number is ${number}: expected less than ${end}`);
    numbers[i] = number;
  }
  return numbers;
}
