// The distinct tokens of a batch, numbered ("slots") in order of first appearance, those of the first time step first.

/**
 * Of tokens [rows, length]: writes tokenOfSlot[slot] = token and slots[row, step] = the slot of tokens[row, step], and to
 * the int32 at `firstCount` how many slots occur at step 0: they are 0 to firstCount - 1. Returns how many slots there
 * are, or -1 - i for an i-th token outside [0, vocabulary). `slotOfToken` is int32[vocabulary], all 0 before and after.
 */
export function distinctTokens(
  tokens: usize, rows: i32, length: i32, vocabulary: i32,
  slotOfToken: usize, tokenOfSlot: usize, slots: usize, firstCount: usize,
): i32 {
  let count = 0;
  let bad = 0;
  for (let row = 0; row < rows && bad == 0; row++) {
    const i = row * length;
    count = number(tokens, i, vocabulary, slotOfToken, tokenOfSlot, slots, count);
    if (count < 0) bad = -1 - i;
  }
  store<i32>(firstCount, count);
  for (let i = 0; i < rows * length && bad == 0; i++) {
    count = number(tokens, i, vocabulary, slotOfToken, tokenOfSlot, slots, count);
    if (count < 0) bad = -1 - i;
  }
  // After a bad token the count is lost, and the whole table is cleared.
  if (bad < 0) {
    memory.fill(slotOfToken, 0, 4 * <usize>vocabulary);
    return bad;
  }
  for (let slot = 0; slot < count; slot++) {
    store<i32>(slotOfToken + 4 * <usize>load<i32>(tokenOfSlot + 4 * <usize>slot), 0);
  }
  return count;
}

/** Gives the i-th token its slot; returns how many slots there are then, or -1 if it is no token. */
// @ts-ignore: decorator
@inline
function number(
  tokens: usize, i: i32, vocabulary: i32, slotOfToken: usize, tokenOfSlot: usize, slots: usize, count: i32,
): i32 {
  const token = load<i32>(tokens + 4 * <usize>i);
  if (<u32>token >= <u32>vocabulary) return -1;
  const entry = slotOfToken + 4 * <usize>token;
  let slot = load<i32>(entry) - 1;
  if (slot < 0) {
    slot = count++;
    store<i32>(entry, count);
    store<i32>(tokenOfSlot + 4 * <usize>slot, token);
  }
  store<i32>(slots + 4 * <usize>i, slot);
  return count;
}
