// Sums over rows, and where sums begin.

/** to[8p + j] += Σ_row from[p][row][j], rows in order; panels are `panelBytes` apart. */
export function columnSums(from: usize, panelBytes: usize, panels: i32, rows: i32, to: usize): void {
  for (let panel = 0; panel < panels; panel++, to += 32, from += panelBytes) {
    let low = v128.load(to), high = v128.load(to, 16);
    for (let at = from, end = from + 32 * <usize>rows; at < end; at += 32) {
      low = f32x4.add(low, v128.load(at));
      high = f32x4.add(high, v128.load(at, 16));
    }
    v128.store(to, low);
    v128.store(to, high, 16);
  }
}

export function zero(at: usize, bytes: usize): void {
  memory.fill(at, 0, bytes);
}
