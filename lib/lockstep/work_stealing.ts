/**
 * Divides a section of work between two barriers, such as the shards of a round, among the workers. Every item has an
 * owner, whose caches probably hold its memory. A worker that has finished its own items steals those of others, from the
 * last one backwards. So a core that is slow for a while, as on a shared machine, delays the others by at most one item.
 * The result never depends on which worker does an item. When all items are claimed, a worker at the barrier helps with the
 * unfinished ones.
 */
import type { EngineRoom, Helpers } from "../engine/contract.ts";
import { throwIfAborted } from "./barrier.ts";
import { Word } from "./memory/control.ts";
import type { SharedRun } from "./memory/views.ts";

/** Lists the items of `count` that `worker` owns: dealt forwards and back, as the first may be larger than the last. */
export function ownedBy(worker: number, workers: number, count: number): number[] {
  return Array.from({ length: count }, (_, item) => item).filter((item) => {
    const place = item % (2 * workers);
    return worker === Math.min(place, 2 * workers - 1 - place);
  });
}

/** Lists `items` in the order in which `worker` claims them: its own, then those of others backwards. */
export function claimOrder(items: readonly number[], worker: number, workers: number): number[] {
  const own = new Set(ownedBy(worker, workers, items.length).map((index) => items[index]!));
  return [...own, ...items.filter((item) => !own.has(item)).reverse()];
}

/** Claims items for one worker. */
export interface Claims {
  /**
   * Does the worker's part of a section: calls `work` for each of `items`, in order, that no other worker has claimed. All
   * workers call it equally often, with a barrier between two calls.
   */
  each(items: readonly number[], work: (item: number) => void): void;
  /** Returns whether all items of the current section are claimed. */
  areAllTaken(): boolean;
}

/** Creates a worker's claims over the shared `claims`, which has a word for each possible item. */
export function createClaims(claims: Int32Array): Claims {
  let section = 0;
  let asked: readonly number[] = [];
  return {
    each(items, work) {
      section = (section + 1) | 0;
      asked = items;
      for (const item of items) {
        if (Atomics.exchange(claims, item, section) !== section) work(item);
      }
    },
    areAllTaken: () => asked.every((item) => Atomics.load(claims, item) === section),
  };
}

/**
 * Describes the other workers to the engine of `worker`, which shares pieces of a gradient with workers at the barrier (see
 * engine/simd/work_sharing.ts). Workers that take turns on a core cannot help each other.
 */
export function helpersOf(
  { worker, workers, spin }: { readonly worker: number; readonly workers: number; readonly spin: boolean },
  { control, hearts, engineScratch }: SharedRun,
  claims: Claims,
): Pick<EngineRoom, "others" | "helpers"> {
  if (workers === 1 || !spin) return {};
  const heart = hearts[worker]!;
  const helpers: Helpers = {
    // A worker waits at the barrier when it finds nothing to claim.
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
