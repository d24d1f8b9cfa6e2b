/**
 * Names the words that steer a run, in the control region of shared memory. A word that threads wait or spin on has a
 * cache line of its own.
 */

/** Positions in the control region, in 32-bit words. */
export const Word = {
  /** Counts committed rounds. `round & 1` says which copy of the state is current. */
  round: 0,
  /** Is not 0 when all workers must leave at once. */
  abort: 1,
  /** Holds the `StopReason` that the main thread requests; the workers obey it at the end of the round. */
  stopRequest: 2,
  /** Holds 0 while training continues, or the `StopReason` that ends it: one decision for all workers. */
  outcome: 3,
  /** Is not 0 when the main thread requests the drift of a coming round. */
  driftRequest: 4,
  /** Numbers, from 1, the round whose drift all workers measure. */
  driftRound: 5,
  /** Count the records ever written to the rings. */
  roundsWritten: 6,
  epochsWritten: 7,
  /** Holds the value of `pauseRequest` that all workers pause at, or 0. */
  pausedAt: 8,
  /** Counts the rollbacks since the initial state; those of this memory are in its `rollbacks`. */
  rollbacksWritten: 9,
  /** Numbers the round of the best state; -1 while a worker writes it. */
  bestRound: 10,
  /** Counts the chunks of the validation set that workers have taken in the current evaluation. */
  chunksTaken: 11,
  arrived: 16,
  generation: 32,
  /** Counts the main thread's requests: odd to pause after the round, even to resume. */
  pauseRequest: 48,
  /** With other machines: counts the main thread's orders, and holds the newest one (round/orders.ts). */
  order: 64,
  orderKind: 65,
  /** Counts how often all workers were ready for an order. */
  ready: 80,
} as const;
export type Word = typeof Word[keyof typeof Word];
export const CONTROL_WORDS = 96;

/** Returns which of two copies is current after `round` rounds, and which the next round writes. */
export function currentAndNext<Copy>(copies: readonly [Copy, Copy], round: number): [current: Copy, next: Copy] {
  const [even, odd] = copies;
  return round & 1 ? [odd, even] : [even, odd];
}

/** Returns whether all workers measure drift in round number `round`, counted from 1. */
export function isDriftMeasured(control: Int32Array, round: number): boolean {
  return Atomics.load(control, Word.driftRound) === round;
}

/** Numbers, for shared memory, the reasons why training ends. */
export const StopReason = { epochs: 1, target: 2, time: 3, signal: 4, round: 5, patience: 6 } as const;
export type StopReason = typeof StopReason[keyof typeof StopReason];

const REASONS: Readonly<Record<StopReason, string>> = {
  [StopReason.epochs]: "all epochs done",
  [StopReason.target]: "target accuracy reached",
  [StopReason.time]: "time is up",
  [StopReason.signal]: "asked to stop",
  [StopReason.patience]: "no improvement",
  [StopReason.round]: "the round that was asked for",
};

/** Returns `reason` in words. */
export function reasonText(reason: StopReason): string {
  return REASONS[reason];
}

/** Returns the reason that a word of shared memory holds, if any. */
export function stopReason(value: number): StopReason | undefined {
  return Object.values(StopReason).find((reason) => reason === value);
}
