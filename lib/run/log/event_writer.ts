/** Turns what the coordinator reports into the run's events: each once, in order, also after earlier processes. */
import type { TrainingConfig } from "../../config/schema.ts";
import type { Metrics, NewEvent } from "../../base/events.ts";
import type { Update } from "../../lockstep/coordinator.ts";
import { findingText } from "../../lockstep/divergence.ts";
import type { RollbackRecord } from "../../lockstep/commit/records.ts";
import { stepsAfter } from "../../lockstep/round_schedule.ts";
import type { Earlier } from "./log_recap.ts";
import { createProgress } from "./progress.ts";

export interface Narrator {
  /** Tells what is new in `update`. */
  tell(update: Update): void;
  /** Of the newest evaluation, told now or before. */
  readonly heldOut: Metrics | null;
  /** Spent in training so far, by all processes of the run. */
  readonly seconds: number;
}

/** What `append` gets is what `earlier` has not told yet. Times are milliseconds of `now`. */
export function createNarrator(
  training: TrainingConfig,
  earlier: Earlier,
  append: (event: NewEvent) => void,
  now: () => number,
): Narrator {
  const startedAt = now();
  const progress = createProgress(now);
  let { epochRound, rollbackRound } = earlier;
  let heldOut: Metrics | null = null;
  // To the millisecond: what is less is chance.
  const seconds = () => Math.round(earlier.seconds * 1000 + now() - startedAt) / 1000;
  return {
    get heldOut() {
      return heldOut;
    },
    get seconds() {
      return seconds();
    },
    tell(update) {
      for (const incident of update.incidents) append({ type: "incident", ...incident });
      if (update.cluster) append({ type: "cluster", ...update.cluster });
      heldOut = update.epochs.at(-1)?.heldOut ?? heldOut;
      // Rounds that are done again come to the same, and were told before.
      const epochs = update.epochs.filter(({ round }) => round > epochRound);
      const rollbacks = update.rollbacks.filter(({ round }) => round > rollbackRound);
      const events = [
        ...epochs.map((epoch): NewEvent & { round: number } => ({ type: "epoch", ...epoch, seconds: seconds() })),
        ...rollbacks.map((record) => rolledBack(training, record)),
      ];
      for (const event of events.sort((a, b) => a.round - b.round)) append(event);
      epochRound = epochs.at(-1)?.round ?? epochRound;
      rollbackRound = rollbacks.at(-1)?.round ?? rollbackRound;
      const event = progress(update, events.length > 0);
      if (event && event.round > earlier.round) append(event);
    },
  };
}

function rolledBack(training: TrainingConfig, record: RollbackRecord): NewEvent & { round: number } {
  const { round, restored, position, rollbacks, learningRate } = record;
  const step = stepsAfter(training, position);
  return {
    type: "rolledBack",
    round,
    restored,
    step,
    epoch: step / training.stepsPerEpoch,
    learningRate: training.learningRate * 2 ** -rollbacks,
    rollbacks,
    reason: findingText(record, learningRate),
  };
}
