/**
 * Shares out a stretch of work between two barriers, such as the shards of a round. Every item has an owner, who probably
 * has its memory near. A worker that has finished its own items takes those of others, from the last one on. So a core
 * that is slower for a while, as cores of a shared machine are, delays everyone by one item at most. The result never
 * depends on who does an item. When all items are claimed, a worker at the barrier helps with the unfinished ones.
 */
import type { EngineRoom, Helpers } from "../engine/contract.ts";
import { throwIfAborted } from "./barrier.ts";
import { Word } from "./memory/control.ts";
import type { SharedRun } from "./memory/views.ts";

/** Lists the items of `count` that are `worker`'s: dealt there and back again, as the first may be larger than the last. */
export function ownedBy(worker: number, workers: number, count: number): number[] {
  return Array.from({ length: count }, (_, item) => item).filter((item) => {
    const place = item % (2 * workers);
    return worker === Math.min(place, 2 * workers - 1 - place);
  });
}

/** Orders `items` as `worker` is to claim them: its own, then everybody else's backwards. */
export function claimOrder(items: readonly number[], worker: number, workers: number): number[] {
  const own = new Set(ownedBy(worker, workers, items.length).map((index) => items[index]!));
  return [...own, ...items.filter((item) => !own.has(item)).reverse()];
}

/** A worker's view of the items that are claimed. */
export interface Claims {
  /**
   * Does the worker's share of a stretch: `work` on each of `items`, in their order, that no other worker has claimed. Everyone
   * calls it equally often, with a barrier between two calls.
   */
  each(items: readonly number[], work: (item: number) => void): void;
  /** Says whether all items of the current stretch are claimed. */
  areAllTaken(): boolean;
}

/** Creates a worker's view of `claims`, which has a word for each possible item. */
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

/**
 * Describes the other workers to the engine of `worker`, which leaves pieces of a gradient to the workers at the barrier
 * (lib/engine). Workers that take turns on a core cannot help each other.
 */
export function helpersOf(
  { worker, workers, spin }: { readonly worker: number; readonly workers: number; readonly spin: boolean },
  { control, hearts, engineScratch }: SharedRun,
  claims: Claims,
): Pick<EngineRoom, "others" | "helpers"> {
  if (workers === 1 || !spin) return {};
  const heart = hearts[worker]!;
  const helpers: Helpers = {
    // A worker goes to the barrier when it finds nothing to claim.
    mayCome: claims.areAllTaken,
    areHere: () => Atomics.load(control, Word.arrived) > 0,
    call() {
      if (this.areHere()) Atomics.notify(control, Word.generation);
    },
    pause() {
      throwIfAborted(control);
      Atomics.add(heart, 0, 1);
    },
  };
  const others = Array.from({ length: workers }, (_, other) => other).filter((other) => other !== worker);
  return { others: others.map(engineScratch), helpers };
}
