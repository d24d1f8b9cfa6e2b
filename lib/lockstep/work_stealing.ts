/**
 * Who does what in a stretch of work between two barriers, such as the shards of a round. Every item has an owner, who is
 * likely to have its memory near; a worker that is done with its own helps the others with theirs, from the last one on.
 * So a core that is slower for a while, which cores of a shared machine are, holds nobody up for longer than an item
 * takes. What comes out never depends on it: an item is the same work for everyone. When all are claimed, helpers.ts goes on.
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

/** A worker's view of who does what. */
export interface Claims {
  /**
   * The worker's part of a stretch: `work` on each of `items`, in their order, that nobody else has claimed. Everyone calls
   * it equally often, with a barrier between two calls.
   */
  each(items: readonly number[], work: (item: number) => void): void;
  /** Whether all items of the stretch under way are claimed. */
  areAllTaken(): boolean;
}

/** `claims` has a word for each item that there can be. */
export function createClaims(claims: Int32Array): Claims {
  let stretch = 0;
  let asked: readonly number[] = [];
  return {
    each(items, work) {
      stretch = (stretch + 1) | 0;
      asked = items;
      for (const item of items) {
        if (Atomics.exchange(claims, item, stretch) !== stretch) work(item);
      }
    },
    areAllTaken: () => asked.every((item) => Atomics.load(claims, item) === stretch),
  };
}
