// The distinct tokens of a batch, numbered in order of first appearance.

/**
 * Writes rows[slot] = token and slots[i] = the slot of tokens[i]; returns how many slots there are, or -1 - i for the
 * first tokens[i] outside [0, vocabulary). `table` is int32[vocabulary], all 0 before and after.
 */
export function distinctTokens(tokens: usize, count: i32, vocabulary: i32, table: usize, rows: usize, slots: usize): i32 {
  let found = 0;
  let bad = 0;
  for (let i = 0; i < count; i++) {
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
      store<i32>(rows + 4 * <usize>slot, token);
    }
    store<i32>(slots + 4 * <usize>i, slot);
  }
  for (let slot = 0; slot < found; slot++) store<i32>(table + 4 * <usize>load<i32>(rows + 4 * <usize>slot), 0);
  return bad < 0 ? bad : found;
}

/**
 * The distinct slots of step 0, numbered in order of first appearance: writes slotOfFirst[f] = slot and, for each row,
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
