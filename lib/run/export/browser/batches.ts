/** Sorts rows into batches by length. */

/** Limits the rows of a batch, and its tokens with padding. */
const MOST_ROWS = 256;
const MOST_TOKENS = 65_536;

/**
 * Returns the values that `predict` gives for each of `rows`, `[rows, classes]` of each batch. `hasPadding`: rows of a
 * batch may differ in length.
 */
export function* inBatches<Row extends { readonly tokens: ArrayLike<number> }>(
  rows: readonly Row[],
  hasPadding: boolean,
): Generator<{ readonly places: readonly number[]; readonly batch: readonly Row[]; readonly length: number }> {
  const lengthOf = (place: number) => rows[place]!.tokens.length;
  const order = [...rows.keys()].sort((a, b) => lengthOf(a) - lengthOf(b));
  for (let first = 0, next = 0; first < order.length; first = next) {
    const fits = () => {
      const length = lengthOf(order[next]!);
      return next === first || (next - first < MOST_ROWS && (next + 1 - first) * length <= MOST_TOKENS &&
        (hasPadding || length === lengthOf(order[first]!)));
    };
    while (next < order.length && fits()) next++;
    const places = order.slice(first, next);
    yield { places, batch: places.map((place) => rows[place]!), length: lengthOf(places.at(-1)!) };
  }
}

/** Puts the rows of `values`, `[batch, classes]`, at their places in `found`. */
export function putRows(values: Float32Array, places: readonly number[], found: Float32Array[]): void {
  const classes = values.length / places.length;
  places.forEach((place, row) => found[place] = values.slice(row * classes, (row + 1) * classes));
}
