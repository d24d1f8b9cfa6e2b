// Adam over some rows of a tensor.
import { adam } from "./adam";

/**
 * One step over the elements of rows[0..count) that lie in [begin, end), `width` a row. Pointers are the tensor's; elements
 * are counted from its first. Everything else as in `adam`.
 */
export function adamRows(
  rows: usize, count: i32, width: i32, begin: i32, end: i32,
  fromW: usize, fromM: usize, fromV: usize, gradient: usize, intoW: usize, intoM: usize, intoV: usize,
  scale: f32, oneMinusBeta1: f32, beta2: f32, oneMinusBeta2: f32, rate: f32, rootCorrection: f32, epsilon: f32,
  kept: f32, spare: usize,
): void {
  for (let i = 0; i < count; i++, rows += 4) {
    const row = load<i32>(rows);
    if (row < 0 || row > end / width) continue;
    const first = max(begin, row * width), last = min(end, (row + 1) * width);
    if (first >= last) continue;
    const at: usize = 4 * <usize>first;
    adam(
      fromW + at, fromM + at, fromV + at, gradient + at, intoW + at, intoM + at, intoV + at, last - first,
      scale, oneMinusBeta1, beta2, oneMinusBeta2, rate, rootCorrection, epsilon, kept, spare,
    );
  }
}
