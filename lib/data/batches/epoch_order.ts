/**
 * The order in which an epoch goes through a table: a pure function of (seed, epoch), random, and yet with rows of similar
 * length side by side, so that a batch has little padding.
 */
import { Random, Stream } from "../../base/random.ts";

export interface EpochOrderOptions {
  readonly seed: number;
  /** `[rows]` tokens of each row. */
  readonly lengths: Uint16Array;
  /** Rows of a step, on all shards together. */
  readonly stepRows: number;
}

/** Steps whose rows are sorted together: the more, the less padding, and the more alike a batch's rows. */
const WINDOW_STEPS = 8;

/** Returns the function that gives the order of an epoch, in an array that holds until it is called for another epoch. */
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
    shuffle(order, 0, rows, random);
    // The last step of the epoch has what is left over, of any length.
    const fullSteps = Math.floor(rows / stepRows);
    for (let step = 0; step < fullSteps; step += WINDOW_STEPS) {
      byLength(order, step * stepRows, Math.min(step + WINDOW_STEPS, fullSteps) * stepRows, spare);
    }
    byLength(order, fullSteps * stepRows, rows, spare);
    // Whole steps change places, so that lengths come in any order.
    const steps = Uint32Array.from({ length: fullSteps }, (_, step) => step);
    shuffle(steps, 0, fullSteps, random);
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

/** Fisher and Yates's shuffle of `values[begin..end)`. */
function shuffle(values: Uint32Array, begin: number, end: number, random: Random): void {
  for (let last = end - 1; last > begin; last--) {
    const other = begin + random.below(last - begin + 1);
    const value = values[last]!;
    values[last] = values[other]!;
    values[other] = value;
  }
}

/**
 * Returns a stable counting sort of parts of a list of rows, longest first: `sort(order, begin, end, spare)`, where `spare`
 * has room for as much.
 */
export function createLengthSort(
  lengths: Uint16Array,
): (order: Uint32Array, begin: number, end: number, spare: Uint32Array) => void {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const places = new Uint32Array(longest + 2);
  return (order, begin, end, spare) => {
    places.fill(0);
    // places[p + 1] counts the rows of length longest - p; its running sum is where those of the next length begin.
    for (let i = begin; i < end; i++) places[longest - lengths[order[i]!]! + 1]!++;
    for (let place = 1; place < places.length; place++) places[place]! += places[place - 1]!;
    for (let i = begin; i < end; i++) spare[places[longest - lengths[order[i]!]!]!++] = order[i]!;
    order.set(spare.subarray(0, end - begin), begin);
  };
}
