/**
 * A barrier for the workers of a run, on shared memory: the last to arrive opens it for all. Every wait beats the
 * worker's heart, is left when the run aborts, and has a deadline.
 */
import { Word } from "./memory/control.ts";

/** Thrown out of a wait when the run was given up; whoever gave it up has said why. */
export class Aborted extends Error {
  override readonly name = "Aborted";
}

/**
 * Loads of the generation word before a waiter sleeps: some 0.5 ms. Sleeping gives the core away, and on a virtual machine
 * getting it back takes more than 0.1 ms in the mean, which everyone waits for at the next barrier.
 */
const SPINS = 200_000;
/** Loads between two looks for something to help with. */
const LOADS_PER_LOOK = 64;
/** A sleeper looks up this often to beat its heart and to see the abort word. */
const SLICE_MS = 200;

export interface BarrierOptions {
  readonly control: Int32Array;
  readonly heart: Int32Array;
  readonly workers: number;
  /** A peer that does not come for this long is lost. */
  readonly timeoutMs: number;
  /** Whether each worker has a core of its own; otherwise spinning keeps the others from arriving. */
  readonly spin: boolean;
  /** Does something for those who have not arrived; returns whether there was anything. */
  readonly help?: () => boolean;
}

/**
 * Waits for all other workers. The last to arrive runs `action` alone, before anyone leaves: what has to be done once.
 * Throws Aborted, or an Error at the deadline.
 */
export type Barrier = (action?: () => void) => void;

export function createBarrier(
  { control, heart, workers, timeoutMs, spin, help = () => false }: BarrierOptions,
): Barrier {
  return function wait(action?: () => void): void {
    throwIfAborted(control);
    Atomics.add(heart, 0, 1);
    const generation = Atomics.load(control, Word.generation);
    if (Atomics.add(control, Word.arrived, 1) === workers - 1) {
      action?.();
      // The order matters: a waiter that sees the new generation may arrive at the next barrier at once.
      Atomics.store(control, Word.arrived, 0);
      Atomics.add(control, Word.generation, 1);
      Atomics.notify(control, Word.generation);
      throwIfAborted(control);
      return;
    }
    for (let i = spin ? SPINS : 0; i > 0; i--) {
      if (Atomics.load(control, Word.generation) !== generation) return throwIfAborted(control);
      if (i % LOADS_PER_LOOK === 0 && help()) i = SPINS;
    }
    const deadline = performance.now() + timeoutMs;
    while (Atomics.load(control, Word.generation) === generation) {
      throwIfAborted(control);
      if (performance.now() > deadline) {
        throw new Error(`A worker did not reach the barrier within ${timeoutMs / 1000} s`);
      }
      Atomics.add(heart, 0, 1);
      if (help()) continue;
      Atomics.wait(control, Word.generation, generation, SLICE_MS);
    }
    throwIfAborted(control);
  };
}

/** Waits as long as the main thread wants a pause that the last commit told everyone of. Throws Aborted. */
export function waitWhilePaused(control: Int32Array, heart: Int32Array): void {
  const pausedAt = Atomics.load(control, Word.pausedAt);
  if (pausedAt === 0) return;
  // Until the wish changes, not until there is none: everyone leaves, even if the next pause is wanted already.
  while (Atomics.load(control, Word.pauseRequest) === pausedAt) {
    throwIfAborted(control);
    Atomics.add(heart, 0, 1);
    Atomics.wait(control, Word.pauseRequest, pausedAt, SLICE_MS);
  }
}

/** Releases everyone: waits end with Aborted, and loops that look at the word leave. */
export function abort(control: Int32Array): void {
  Atomics.store(control, Word.abort, 1);
  Atomics.notify(control, Word.generation);
}

/** Throws Aborted if the run was given up. */
export function throwIfAborted(control: Int32Array): void {
  if (Atomics.load(control, Word.abort) !== 0) throw new Aborted("The run was aborted");
}
