/**
 * How a worker that waits at a barrier helps the others with what they have begun: their engines leave parts of a gradient
 * to whoever has time. See claims.ts for what nobody has begun, and lib/engine/simd_sums.ts for what those parts are.
 */
import type { Helpers } from "../engine/contract.ts";
import type { EngineRoom } from "../engine/create.ts";
import { throwIfAborted } from "./barrier.ts";
import type { Claims } from "./work_stealing.ts";
import { Word } from "./memory/control.ts";
import type { SharedRun } from "./memory/views.ts";
import type { Place } from "./round/context.ts";

/** The other workers, as a worker's engine sees them. Nobody is there where workers take turns on a core. */
export function helpersOf(
  { worker, config: { workers, spin } }: Place,
  run: SharedRun,
  claims: Claims,
): Pick<EngineRoom, "others" | "helpers"> {
  if (workers === 1 || !spin) return {};
  const others = Array.from({ length: workers }, (_, other) => other).filter((other) => other !== worker);
  return { others: others.map(run.engineScratch), helpers: createHelpers(run, worker, claims) };
}

function createHelpers({ control, hearts }: SharedRun, worker: number, claims: Claims): Helpers {
  const heart = hearts[worker]!;
  return {
    // Whoever is done with what can be claimed comes to the barrier.
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
}
