// Runs the embedding layer once per distinct token of the batch ("slot").

/** to[slot][·] (`toRow` bytes a row) = from[rows[slot]][·]: the vectors of `count` tokens. */
export function gatherRows(from: usize, width: i32, rows: usize, count: i32, to: usize, toRow: usize): void {
  const bytes: usize = 4 * <usize>width;
  for (let slot: usize = 0; slot < <usize>count; slot++, to += toRow) {
    copyFloats(from + bytes * <usize>load<i32>(rows + 4 * slot), to, bytes);
  }
}

/** to[rows[slot]][·] = from[slot][·] (`fromRow` bytes a row): the gradient rows of the tokens that occurred. */
export function scatterRows(from: usize, fromRow: usize, count: i32, rows: usize, to: usize, width: i32): void {
  const bytes: usize = 4 * <usize>width;
  for (let slot: usize = 0; slot < <usize>count; slot++, from += fromRow) {
    copyFloats(from, to + bytes * <usize>load<i32>(rows + 4 * slot), bytes);
  }
}

// @ts-ignore: decorator
@inline
function copyFloats(from: usize, to: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
  for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(from + at));
}

/**
 * Panels that go through the rows together. With more panels, a token's sums are found once for more of them; with fewer, the
 * values come in fewer streams, which the processor prefetches.
 */
const SUM_PANELS = 16;

/**
 * sums[slot] += values[panel][step][row][8] (panels `seriesBytes` apart) over the rows and steps whose token has that slot:
 * the int32 at `slots + row · slotsStride + 4 step`. It adds in order of step, then row.
 */
export function sumByToken(
  values: usize, seriesBytes: usize, panels: i32, rows: i32, steps: i32, slots: usize, slotsStride: usize,
  sums: usize, sumsStride: usize, sumsRow: usize,
): void {
  for (; panels > 0; panels -= SUM_PANELS) {
    const some = min(SUM_PANELS, panels);
    let position = values;
    for (let step: usize = 0; step < <usize>steps; step++) {
      let slot = slots + 4 * step;
      for (let row = 0; row < rows; row++, slot += slotsStride, position += 32) {
        let value = position, target = sums + sumsRow * <usize>load<i32>(slot);
        for (let panel = 0; panel < some; panel++, value += seriesBytes, target += sumsStride) {
          v128.store(target, f32x4.add(v128.load(target), v128.load(value)));
          v128.store(target, f32x4.add(v128.load(target, 16), v128.load(value, 16)), 16);
        }
      }
    }
    values += SUM_PANELS * seriesBytes;
    sums += SUM_PANELS * sumsStride;
  }
}

/**
 * to[slot][·] (`toRow` bytes a row) = the vector numbers[slot]. Vector n is made of the rows of `from` that `rows` lists from
 * offsets[n] to offsets[n + 1] - 1: the first plus the mean of the others, summed in order.
 */
export function composeRows(
  from: usize, width: i32, offsets: usize, rows: usize, numbers: usize, count: i32, to: usize, toRow: usize,
): void {
  const bytes: usize = 4 * <usize>width, bytes16 = bytes & ~15;
  for (let slot: usize = 0; slot < <usize>count; slot++, to += toRow) {
    const place = offsets + 4 * <usize>load<i32>(numbers + 4 * slot);
    const begin = rows + 4 * <usize>load<i32>(place), end = rows + 4 * <usize>load<i32>(place, 4);
    const own = from + bytes * <usize>load<i32>(begin);
    const others = (end - begin) / 4 - 1;
    if (others == 0) {
      copyFloats(own, to, bytes);
      continue;
    }
    const share: f32 = 1 / <f32>others, shares = f32x4.splat(share);
    let at: usize = 0;
    for (; at < bytes16; at += 16) {
      let sum = f32x4.splat(0);
      for (let row = begin + 4; row < end; row += 4) {
        sum = f32x4.add(sum, v128.load(from + bytes * <usize>load<i32>(row) + at));
      }
      v128.store(to + at, f32x4.add(v128.load(own + at), f32x4.mul(sum, shares)));
    }
    for (; at < bytes; at += 4) {
      let sum: f32 = 0;
      for (let row = begin + 4; row < end; row += 4) sum += load<f32>(from + bytes * <usize>load<i32>(row) + at);
      store<f32>(to + at, load<f32>(own + at) + sum * share);
    }
  }
}

/**
 * Adds the gradients from[slot][·] (`fromRow` bytes a row) of the vectors numbers[slot] to the gradients of the rows that
 * these are made of, in order: the whole gradient to the first row, and to each of the others its share. First it sets those
 * of the rows zeroed[0..zeroes) to 0.
 */
export function spreadRows(
  from: usize, fromRow: usize, numbers: usize, count: i32, offsets: usize, rows: usize, zeroed: usize, zeroes: i32,
  to: usize, width: i32,
): void {
  const bytes: usize = 4 * <usize>width;
  for (let i: usize = 0; i < <usize>zeroes; i++) memory.fill(to + bytes * <usize>load<i32>(zeroed + 4 * i), 0, bytes);
  for (let slot: usize = 0; slot < <usize>count; slot++, from += fromRow) {
    const place = offsets + 4 * <usize>load<i32>(numbers + 4 * slot);
    const begin = rows + 4 * <usize>load<i32>(place), end = rows + 4 * <usize>load<i32>(place, 4);
    addFloats(from, 1, to + bytes * <usize>load<i32>(begin), bytes);
    const share: f32 = 1 / <f32>((end - begin) / 4 - 1);
    for (let row = begin + 4; row < end; row += 4) addFloats(from, share, to + bytes * <usize>load<i32>(row), bytes);
  }
}

// @ts-ignore: decorator
@inline
function addFloats(from: usize, share: f32, to: usize, bytes: usize): void {
  const shares = f32x4.splat(share);
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    v128.store(to + at, f32x4.add(v128.load(to + at), f32x4.mul(v128.load(from + at), shares)));
  }
  for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(from + at) * share);
}
