// Packs weights into panels and unpacks them. A weight matrix [rows, groups · width] is row-major, its columns in `groups` runs of `width`
// (an LSTM's four gates). Each run is padded to `panels` = ceil(width / 8) panels of its own, so that the same panel of
// every gate belongs to the same hidden units. Padding is never written: it keeps what it was initialised to.

/** to[group · panels + p][row][j] = from[row][group · width + 8p + j]; panels are `toRows` rows tall. */
export function packColumns(from: usize, rows: i32, groups: i32, width: i32, to: usize, toRows: i32): void {
  const stride: usize = 4 * <usize>groups * <usize>width;
  for (let group = 0; group < groups; group++) {
    for (let column = 0; column < width; column += 8) {
      let source = from + 4 * <usize>(group * width + column);
      const left = min(8, width - column);
      if (left == 8) {
        for (let target = to, end = to + 32 * <usize>rows; target < end; target += 32, source += stride) {
          v128.store(target, v128.load(source));
          v128.store(target, v128.load(source, 16), 16);
        }
      } else {
        for (let target = to, end = to + 32 * <usize>rows; target < end; target += 32, source += stride) {
          for (let j: usize = 0; j < 4 * <usize>left; j += 4) store<f32>(target + j, load<f32>(source + j));
        }
      }
      to += 32 * <usize>toRows;
    }
  }
}

/** to[p][group · 8 panels + w][j] = from[8p + j][group · width + w]: the panels of the transpose. */
export function packRows(from: usize, rows: i32, groups: i32, width: i32, to: usize): void {
  const stride: usize = 4 * <usize>groups * <usize>width;
  const padded = (width + 7) & ~7;
  for (let row = 0; row < rows; row += 8) {
    const left = min(8, rows - row);
    for (let group = 0; group < groups; group++) {
      let source = from + stride * row + 4 * <usize>(group * width);
      let target = to + 32 * <usize>(group * padded);
      let w = 0;
      if (left == 8) {
        for (; w + 4 <= width; w += 4, source += 16, target += 128) {
          transpose4(source, stride, target);
          transpose4(source + 4 * stride, stride, target + 16);
        }
      }
      for (; w < width; w++, source += 4, target += 32) {
        for (let j: usize = 0; j < <usize>left; j++) store<f32>(target + 4 * j, load<f32>(source + j * stride));
      }
    }
    to += 32 * <usize>(groups * padded);
  }
}

/** Transposes a 4 × 4 block whose rows are `stride` bytes apart to rows 32 bytes apart. */
// @ts-ignore: decorator
@inline
function transpose4(from: usize, stride: usize, to: usize): void {
  const a = v128.load(from), b = v128.load(from + stride);
  const c = v128.load(from + 2 * stride), d = v128.load(from + 3 * stride);
  const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const ef = i32x4.shuffle(a, b, 2, 6, 3, 7), gh = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(ab, cd, 0, 2));
  v128.store(to, i64x2.shuffle(ab, cd, 1, 3), 32);
  v128.store(to, i64x2.shuffle(ef, gh, 0, 2), 64);
  v128.store(to, i64x2.shuffle(ef, gh, 1, 3), 96);
}

/** Inverts packColumns: to[row][group · width + 8p + j] = from[group · panels + p][row][j]. */
export function unpackColumns(from: usize, fromRows: i32, to: usize, rows: i32, groups: i32, width: i32): void {
  const stride: usize = 4 * <usize>groups * <usize>width;
  for (let group = 0; group < groups; group++) {
    for (let column = 0; column < width; column += 8) {
      let target = to + 4 * <usize>(group * width + column);
      const left = min(8, width - column);
      if (left == 8) {
        for (let source = from, end = from + 32 * <usize>rows; source < end; source += 32, target += stride) {
          v128.store(target, v128.load(source));
          v128.store(target, v128.load(source, 16), 16);
        }
      } else {
        for (let source = from, end = from + 32 * <usize>rows; source < end; source += 32, target += stride) {
          for (let j: usize = 0; j < 4 * <usize>left; j += 4) store<f32>(target + j, load<f32>(source + j));
        }
      }
      from += 32 * <usize>fromRows;
    }
  }
}
