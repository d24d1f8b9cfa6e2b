// States as the inputs of what lies above: the next layer, or the dense layer.

/**
 * Panels [panels][count][8] of row-major states, in both forms: row n comes from row index[n] (int32), or without `index`
 * from row n. `toPanels` are `panelBytes` apart.
 */
export function gatherStates(
  states: usize, stride: usize, index: usize, count: i32, panels: i32,
  toRows: usize, toStride: usize, toPanels: usize, panelBytes: usize,
): void {
  for (let n: usize = 0; n < <usize>count; n++) {
    let source = states + stride * (index == 0 ? n : <usize>load<i32>(index + 4 * n));
    let row = toRows + toStride * n, panel = toPanels + 32 * n;
    for (let end = source + 32 * <usize>panels; source < end; source += 32, row += 32, panel += panelBytes) {
      const low = v128.load(source), high = v128.load(source, 16);
      v128.store(row, low);
      v128.store(row, high, 16);
      v128.store(panel, low);
      v128.store(panel, high, 16);
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
