// States as the inputs of the layer above.

/**
 * Rows of `panels` · 8 states, row-major on both sides: row n comes from row index[n] (int32), or without `index` from row n.
 */
export function gatherStates(
  states: usize, stateRow: usize, index: usize, count: i32, panels: i32, to: usize, toRow: usize,
): void {
  for (let n: usize = 0; n < <usize>count; n++, to += toRow) {
    let source = states + stateRow * (index == 0 ? n : <usize>load<i32>(index + 4 * n)), target = to;
    for (let end = source + 32 * <usize>panels; source < end; source += 32, target += 32) {
      v128.store(target, v128.load(source));
      v128.store(target, v128.load(source, 16), 16);
    }
  }
}

/** to[panel][n] += from[panel][index[n]], panels `panelBytes` apart in both. */
export function addIndexedRows(
  from: usize, index: usize, count: i32, panels: i32, panelBytes: usize, to: usize,
): void {
  for (let panel = 0; panel < panels; panel++, from += panelBytes, to += panelBytes) {
    for (let n: usize = 0; n < <usize>count; n++) {
      const source = from + 32 * <usize>load<i32>(index + 4 * n), target = to + 32 * n;
      v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
      v128.store(target, f32x4.add(v128.load(target, 16), v128.load(source, 16)), 16);
    }
  }
}
