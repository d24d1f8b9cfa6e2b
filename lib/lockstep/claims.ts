/**
 * Who does what in a stretch of work between two barriers, such as the shards of a round. Every item has an owner, who is
 * likely to have its memory near; a worker that is done with its own helps the others with theirs, from the last one on.
 * So a core that is slower for a while, which cores of a shared machine are, holds nobody up for longer than an item
 * takes. What comes out never depends on it: an item is the same work for everyone.
 */

/** The items that are `worker`'s of `count`: dealt there and back again, as the first may be larger than the last. */
export function ownedBy(worker: number, workers: number, count: number): number[] {
  return Array.from({ length: count }, (_, item) => item).filter((item) => {
    const place = item % (2 * workers);
    return worker === Math.min(place, 2 * workers - 1 - place);
  });
}

/** In which order `worker` is to ask for `items`: its own, then everybody else's backwards. */
export function askingOrder(items: readonly number[], worker: number, workers: number): number[] {
  const own = new Set(ownedBy(worker, workers, items.length).map((index) => items[index]!));
  return [...own, ...items.filter((item) => !own.has(item)).reverse()];
}

/**
 * Returns the function that a worker does its part of a stretch with: `work` on each of `items`, in their order, that
 * nobody else has claimed. `claims` has a word for each item that there can be. Everyone calls it equally often, with a
 * barrier between two calls.
 */
export function createClaims(claims: Int32Array): (items: readonly number[], work: (item: number) => void) => void {
  let stretch = 0;
  return (items, work) => {
    stretch = (stretch + 1) | 0;
    for (const item of items) {
      if (Atomics.exchange(claims, item, stretch) !== stretch) work(item);
    }
  };
}
