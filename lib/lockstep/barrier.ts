/**
 * Makes the workers of a run wait for each other in shared memory: the last to arrive opens the barrier for all. Every
 * wait beats the worker's heart, ends when the run aborts, and has a deadline.
 */
import { Word } from "./memory/control.ts";

/** Ends the waits of an aborted run. The thread that aborted it has reported the reason. */
export class Aborted extends Error {
  override readonly name = "Aborted";
}

/**
 * Limits how often a waiter loads the generation word before it sleeps: about 0.5 ms. Sleeping gives the core away, and a
 * virtual machine takes more than 0.1 ms on average to give it back, for which all workers wait at the next barrier.
 */
const SPINS = 200_000;
/** Counts the loads between two offers of help. */
const LOADS_PER_LOOK = 64;
/** Wakes sleeping threads this often, to beat their heart and to see the abort word. */
export const WAKE_MS = 200;

interface BarrierOptions {
  readonly control: Int32Array;
  readonly heart: Int32Array;
  readonly workers: number;
  /** Gives up on a worker that does not arrive for this long. */
  readonly timeoutMs: number;
  /** Is true if each worker has its own core; otherwise spinning keeps the others from arriving. */
  readonly spin: boolean;
  /** Does some work of workers that have not arrived; returns false if there was none. */
  readonly help?: () => boolean;
}

/**
 * Waits for all other workers. Only the last to arrive runs `action`, before any worker leaves: work that is done once.
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
      Atomics.wait(control, Word.generation, generation, WAKE_MS);
    }
    throwIfAborted(control);
  };
}

/** Waits while the pause that the last commit announced lasts. Throws Aborted. */
export function waitWhilePaused(control: Int32Array, heart: Int32Array): void {
  const pausedAt = Atomics.load(control, Word.pausedAt);
  if (pausedAt === 0) return;
  // Waits until the request changes, not until it is 0: all workers leave, even if the next pause is requested already.
  while (Atomics.load(control, Word.pauseRequest) === pausedAt) {
    throwIfAborted(control);
    Atomics.add(heart, 0, 1);
    Atomics.wait(control, Word.pauseRequest, pausedAt, WAKE_MS);
  }
}

/** Releases all workers: waits throw Aborted, and loops that check the word end. */
export function abort(control: Int32Array): void {
  Atomics.store(control, Word.abort, 1);
  Atomics.notify(control, Word.generation);
}

/** Throws Aborted if the run was aborted. */
export function throwIfAborted(control: Int32Array): void {
  if (Atomics.load(control, Word.abort) !== 0) throw new Aborted("The run was aborted");
}
