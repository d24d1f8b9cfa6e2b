// Copies some rows of a tensor to another.

/** to[r] = from[r] for each r of rows[0..count), in tensors with `height` rows of `width`. */
export function copyRows(rows: usize, count: i32, width: i32, height: i32, from: usize, to: usize): void {
  const bytes: usize = 4 * <usize>width;
  for (let i = 0; i < count; i++, rows += 4) {
    const row = load<i32>(rows);
    if (<u32>row < <u32>height) memory.copy(to + <usize>row * bytes, from + <usize>row * bytes, bytes);
  }
}
