import { StopReason, Word } from "./memory/control.ts";
import type { LockstepConfig } from "./plan.ts";
import type { SharedRun } from "./memory/views.ts";

/** Makes of the main thread's wishes one decision for all, once the round is committed: drift, pause, end. */
export function settleRound({ lastRound }: LockstepConfig, { control }: SharedRun): void {
  const committed = Atomics.load(control, Word.round);
  if (Atomics.exchange(control, Word.driftRequest, 0) !== 0) Atomics.store(control, Word.driftRound, committed + 1);
  const pause = Atomics.load(control, Word.pauseRequest);
  Atomics.store(control, Word.pausedAt, pause & 1 ? pause : 0);
  const isLast = committed >= (lastRound ?? Infinity);
  Atomics.store(control, Word.outcome, isLast ? StopReason.round : Atomics.load(control, Word.stopRequest));
}
