// Takes a step of Adam over some rows of a tensor.
import { AdamCall, adamSteps } from "./adam";

/**
 * Takes one step over those elements of rows[0..count), of `width` each, that lie in [begin, end). The pointers of `call` are
 * those of the tensor; elements are counted from its first, and `call.count` is not read.
 */
export function adamRows(rows: usize, count: i32, width: i32, begin: i32, end: i32, call: AdamCall): void {
  for (let i = 0; i < count; i++, rows += 4) {
    const row = load<i32>(rows);
    if (row < 0 || row > end / width) continue;
    const first = max(begin, row * width), last = min(end, (row + 1) * width);
    if (first >= last) continue;
    const at: usize = 4 * <usize>first;
    adamSteps(
      call.fromW + at, call.fromM + at, call.fromV + at, call.gradient + at,
      call.intoW + at, call.intoM + at, call.intoV + at, last - first, call.scale, call, call.spare,
    );
  }
}
