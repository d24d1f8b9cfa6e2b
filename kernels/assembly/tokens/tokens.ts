// Numbers the distinct tokens of a batch in order of first appearance.

/**
 * Writes tokenOfSlot[slot] = token and slots[row, step] = the slot of the row's token at that step; returns how many slots
 * there are, or -1 - i for the first of the tokens[i] in use that is outside [0, vocabulary). A row of `starts[row]` tokens
 * less than `length` has them at its last steps, and slot 0 before; without `starts` all rows are full. `table` is
 * int32[vocabulary], all 0 before and after.
 */
export function distinctTokens(
  tokens: usize, rows: i32, length: i32, starts: usize, vocabulary: i32, table: usize, tokenOfSlot: usize, slots: usize,
): i32 {
  let found = 0;
  let bad = 0;
  for (let row = 0; row < rows && bad == 0; row++) {
    const start = starts == 0 ? 0 : load<i32>(starts + 4 * <usize>row);
    for (let step = 0; step < start; step++, slots += 4) store<i32>(slots, 0);
    for (let position = 0; position < length - start; position++, slots += 4) {
      const i = row * length + position;
      const token = load<i32>(tokens + 4 * <usize>i);
      if (<u32>token >= <u32>vocabulary) {
        bad = -1 - i;
        break;
      }
      const entry = table + 4 * <usize>token;
      let slot = load<i32>(entry) - 1;
      if (slot < 0) {
        slot = found++;
        store<i32>(entry, found);
        store<i32>(tokenOfSlot + 4 * <usize>slot, token);
      }
      store<i32>(slots, slot);
    }
  }
  for (let slot = 0; slot < found; slot++) {
    store<i32>(table + 4 * <usize>load<i32>(tokenOfSlot + 4 * <usize>slot), 0);
  }
  return bad < 0 ? bad : found;
}

/** Writes the slots of the rows read backwards, again at their last steps. */
export function reverseSlots(slots: usize, rows: i32, length: i32, starts: usize, to: usize): void {
  const rowBytes: usize = 4 * <usize>length;
  for (let row = 0; row < rows; row++, slots += rowBytes) {
    const start = starts == 0 ? 0 : load<i32>(starts + 4 * <usize>row);
    for (let step = 0; step < length; step++, to += 4) {
      const from = step < start ? step : start + length - 1 - step;
      store<i32>(to, load<i32>(slots + 4 * <usize>from));
    }
  }
}

/**
 * Numbers the distinct slots of step 0 in order of first appearance: writes slotOfFirst[f] = slot and, for each row,
 * firsts[row] = the f of slots[row, 0]; returns how many there are. `firstOfSlot` is int32[slots], all 0 before and after.
 */
export function distinctFirsts(
  slots: usize, rows: i32, length: i32, firstOfSlot: usize, slotOfFirst: usize, firsts: usize,
): i32 {
  let found = 0;
  for (let row = 0; row < rows; row++) {
    const slot = load<i32>(slots + 4 * <usize>(row * length));
    const entry = firstOfSlot + 4 * <usize>slot;
    let first = load<i32>(entry) - 1;
    if (first < 0) {
      first = found++;
      store<i32>(entry, found);
      store<i32>(slotOfFirst + 4 * <usize>first, slot);
    }
    store<i32>(firsts + 4 * <usize>row, first);
  }
  for (let first = 0; first < found; first++) {
    store<i32>(firstOfSlot + 4 * <usize>load<i32>(slotOfFirst + 4 * <usize>first), 0);
  }
  return found;
}
