// Sums over rows, and zeroes sums.

/** to[8p + j] += Σ_row from[row, 8p + j], rows in order. */
export function columnSums(from: usize, fromStride: usize, fromRow: usize, panels: i32, rows: i32, to: usize): void {
  for (let panel = 0; panel < panels; panel++, to += 32, from += fromStride) {
    let low = v128.load(to), high = v128.load(to, 16);
    let at = from;
    for (let row = 0; row < rows; row++, at += fromRow) {
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
