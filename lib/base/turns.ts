/** Long work on a thread that others wait for: it goes on in turns of a few milliseconds. */

/** Milliseconds of a turn. */
const TURN_MS = 4;

/** Does `work` to its end; whenever a turn is over at one of its stops, all else that waits comes first. */
export async function inTurns(work: Iterable<void>): Promise<void> {
  let begun = performance.now();
  for (const _ of work) {
    if (performance.now() - begun < TURN_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    begun = performance.now();
  }
}

/** What `work` makes of each of `items`, in their order. */
export async function mapInTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  await inTurns((function* () {
    for (const [index, item] of items.entries()) yield void results.push(work(item, index));
  })());
  return results;
}
