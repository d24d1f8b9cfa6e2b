// Computes the squared L2 norm of some rows of a tensor.
import { squaredNorm } from "./norm";

/** Returns `sum` plus, row by row, Σ x² over those elements of rows[0..count), of `width` each, that lie in [begin, end). */
export function squaredNormRows(
  rows: usize, count: i32, width: i32, begin: i32, end: i32, from: usize, sum: f64,
): f64 {
  for (let i = 0; i < count; i++, rows += 4) {
    const row = load<i32>(rows);
    if (row < 0 || row > end / width) continue;
    const first = max(begin, row * width), last = min(end, (row + 1) * width);
    if (first < last) sum += squaredNorm(from + 4 * <usize>first, last - first);
  }
  return sum;
}
