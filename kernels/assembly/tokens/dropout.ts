// Applies inverted dropout (Srivastava et al., 2014), with the masks of lib/engine/dropout.ts.
//
// A mask is 32 bytes: int32 seed, stream, the two words of its item (as lib/base/random.ts has them), the threshold as uint32,
// and the factor of kept values as float32.
import { threefryWords } from "./threefry";

/** The arguments of `drop`. */
// @ts-ignore: decorator
@unmanaged
export class DropCall {
  mask: usize; factors: usize; index: usize; first: i32; count: i32; elements: i32; offset: i32; width: i32;
  matrix: usize; stride: usize; row: usize; kept: usize;
}

/**
 * Multiplies a matrix of `count` rows of `width` values, described as in gemm.ts, by their factors. Value j of row n is the
 * element index[n] · `elements` + `offset` + j; without `index` n + `first` stands for index[n]. Elements are below 2^32.
 * `factors` has room for `width` + 16 floats. If `kept` is given, uint8 [count][ceil(width / 8)], it receives a bit for each
 * value, the lowest for the first, which is set if the value was kept.
 */
export function drop(call: DropCall): void {
  const mask = call.mask, factors = call.factors, index = call.index, first = call.first, count = call.count;
  const elements = call.elements, offset = call.offset, width = call.width, stride = call.stride;
  const row = call.row;
  let matrix = call.matrix;
  let kept = call.kept;
  for (let n = 0; n < count; n++, matrix += row) {
    const item = index == 0 ? first + n : load<i32>(index + 4 * <usize>n);
    const element = item * elements + offset;
    maskRow(mask, element, width, factors);
    let factor = factors + 4 * <usize>(element & 1);
    let panel = matrix;
    for (let column = 0; column < width; column += 8, factor += 32, panel += stride) {
      const low = v128.load(factor), high = v128.load(factor, 16);
      v128.store(panel, f32x4.mul(v128.load(panel), low));
      v128.store(panel, f32x4.mul(v128.load(panel, 16), high), 16);
      if (kept != 0) {
        const zero = f32x4.splat(0);
        const bits = i32x4.bitmask(f32x4.ne(low, zero)) | i32x4.bitmask(f32x4.ne(high, zero)) << 4;
        store<u8>(kept++, bits);
      }
    }
  }
}

/** Multiplies a matrix of `count` rows by the same factors again, which `drop` recorded in `kept`. */
export function dropAgain(
  mask: usize, kept: usize, count: i32, width: i32, matrix: usize, stride: usize, row: usize,
): void {
  const scale = v128.load32_splat(mask, 20);
  const lowBits = i32x4(1, 2, 4, 8), highBits = i32x4(16, 32, 64, 128);
  for (let n = 0; n < count; n++, matrix += row) {
    let panel = matrix;
    for (let column = 0; column < width; column += 8, panel += stride) {
      const bits = i32x4.splat(load<u8>(kept++));
      const low = v128.and(i32x4.eq(v128.and(bits, lowBits), lowBits), scale);
      const high = v128.and(i32x4.eq(v128.and(bits, highBits), highBits), scale);
      v128.store(panel, f32x4.mul(v128.load(panel), low));
      v128.store(panel, f32x4.mul(v128.load(panel, 16), high), 16);
    }
  }
}

/** Writes the factors of the elements from `element` & ~1 to at least `element` + `width` - 1. */
// @ts-ignore: decorator
@inline
function maskRow(mask: usize, element: i32, width: i32, to: usize): void {
  const seed = load<i32>(mask), stream = load<i32>(mask, 4);
  const counter0 = load<i32>(mask, 8), high = load<i32>(mask, 12);
  const threshold = v128.load32_splat(mask, 16), scale = v128.load32_splat(mask, 20);
  let block = <i32>(<u32>element >> 1);
  for (let end = to + 4 * <usize>(width + (element & 1)); to < end; to += 32, block += 4) {
    threefryWords(seed, stream, counter0, high, block, to);
    v128.store(to, v128.and(i32x4.ge_u(v128.load(to), threshold), scale));
    v128.store(to, v128.and(i32x4.ge_u(v128.load(to, 16), threshold), scale), 16);
  }
}
