/**
 * Computes the order in which an epoch goes through a table: a pure function of (seed, epoch), random, but with rows of
 * similar length side by side, so that batches have little padding.
 */
import { Random, Stream } from "../../base/numbers/random.ts";

interface EpochOrderOptions {
  readonly seed: number;
  /** `[rows]`: number of tokens of each row. */
  readonly lengths: Uint16Array;
  /** Rows of a step, on all shards together. */
  readonly stepRows: number;
}

/** Steps whose rows are sorted together. More steps mean less padding, and rows of a batch that are more alike. */
const WINDOW_STEPS = 8;

/** Returns the function that computes the order of an epoch, in an array that is valid until the call for another epoch. */
export function epochOrders({ seed, lengths, stepRows }: EpochOrderOptions): (epoch: number) => Uint32Array {
  const rows = lengths.length;
  const random = new Random(seed, Stream.order);
  const byLength = createLengthSort(lengths);
  let order = new Uint32Array(rows);
  let spare = new Uint32Array(rows);
  let current = -1;

  function compute(epoch: number): void {
    random.seek(epoch);
    for (let row = 0; row < rows; row++) order[row] = row;
    random.shuffle(order);
    // The last step of the epoch has the remaining rows, of any length.
    const fullSteps = Math.floor(rows / stepRows);
    for (let step = 0; step < fullSteps; step += WINDOW_STEPS) {
      byLength(order, step * stepRows, Math.min(step + WINDOW_STEPS, fullSteps) * stepRows, spare);
    }
    byLength(order, fullSteps * stepRows, rows, spare);
    // Whole steps are shuffled, so that lengths are in no order.
    const steps = Uint32Array.from({ length: fullSteps }, (_, step) => step);
    random.shuffle(steps);
    for (const [to, from] of steps.entries()) {
      spare.set(order.subarray(from * stepRows, (from + 1) * stepRows), to * stepRows);
    }
    spare.set(order.subarray(fullSteps * stepRows), fullSteps * stepRows);
    [order, spare] = [spare, order];
  }

  return (epoch) => {
    if (epoch !== current) compute(epoch);
    current = epoch;
    return order;
  };
}

/**
 * Returns a stable counting sort of rows, longest first: `sort(order, begin, end, spare)` sorts `order[begin..end)`, and
 * uses `spare`, which has room for as many.
 */
export function createLengthSort(
  lengths: Uint16Array,
): (order: Uint32Array, begin: number, end: number, spare: Uint32Array) => void {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const places = new Uint32Array(longest + 2);
  return (order, begin, end, spare) => {
    places.fill(0);
    // places[p + 1] counts the rows of length longest - p; its running sum is the position where the next length begins.
    for (let i = begin; i < end; i++) places[longest - lengths[order[i]!]! + 1]!++;
    for (let place = 1; place < places.length; place++) places[place]! += places[place - 1]!;
    for (let i = begin; i < end; i++) spare[places[longest - lengths[order[i]!]!]!++] = order[i]!;
    order.set(spare.subarray(0, end - begin), begin);
  };
}
