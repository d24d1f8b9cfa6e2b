/** The words that steer a run, in shared memory. Each that is waited on or spun on has a cache line of its own. */

/** Positions in the control region, in 32-bit words. */
export const Word = {
  /** Rounds committed. `round & 1` says which copy of the state is current. */
  round: 0,
  /** Not 0: everyone leaves, at once. */
  abort: 1,
  /** A `StopReason` that the main thread asks for; obeyed at the end of the round. */
  stopRequest: 2,
  /** Decided once for everyone: 0 to go on, or the `StopReason` that ends training. */
  outcome: 3,
  /** Not 0: the main thread would like the drift of a coming round. */
  driftRequest: 4,
  /** The round, counted from 1, whose drift everyone measures. */
  driftRound: 5,
  /** Records ever written to the rings. */
  roundsWritten: 6,
  epochsWritten: 7,
  /** What `pauseRequest` was when everyone was told to pause, or 0. */
  pausedAt: 8,
  /** Rollbacks since the initial state; those of this memory are in its `rollbacks`. */
  rollbacksWritten: 9,
  /** The round that the best state is of; -1 while it is written. */
  bestRound: 10,
  /** Chunks of the held-out data that somebody has taken in the evaluation under way. */
  chunksTaken: 11,
  arrived: 16,
  generation: 32,
  /** Counts wishes of the main thread: odd, to pause after the round; even, to go on. */
  pauseRequest: 48,
  /** With other machines: counts the main thread's orders (orders.ts); what the newest one is. */
  order: 64,
  orderKind: 65,
  /** Counts how often all workers were ready for an order. */
  ready: 80,
} as const;
export type Word = typeof Word[keyof typeof Word];

/** Why training ends. The numbers are those in shared memory. */
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

/** What `reason` is in words. */
export function reasonText(reason: StopReason): string {
  return REASONS[reason];
}

/** The reason that a word in shared memory holds, if it holds one. */
export function stopReason(value: number): StopReason | undefined {
  return Object.values(StopReason).find((reason) => reason === value);
}
