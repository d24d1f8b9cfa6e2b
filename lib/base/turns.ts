/** Splits long work on a shared thread into turns of a few milliseconds. */

/** Length of a turn in milliseconds. */
const TURN_MS = 4;

/** Runs `work` to its end and returns its result. Whenever a turn is over at a yield, other waiting tasks run first. */
export async function inTurns<Result>(work: Iterator<void, Result, void>): Promise<Result> {
  for (let begun = performance.now();;) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() - begun < TURN_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    begun = performance.now();
  }
}

/** Maps `items` by `work` in turns, in their order. */
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
