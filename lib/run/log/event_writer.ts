/** Turns the coordinator's updates into events of the run: each once and in order, also in a resumed run. */
import type { TrainingConfig } from "../../config/schema.ts";
import type { Metrics, NewEvent } from "../../base/events.ts";
import type { Update } from "../../lockstep/coordinator.ts";
import { findingText } from "../../lockstep/divergence.ts";
import type { RollbackRecord } from "../../lockstep/commit/records.ts";
import { stepsAfter } from "../../lockstep/round_schedule.ts";
import type { LogRecap } from "./log_recap.ts";
import { createProgress } from "./progress.ts";

interface EventWriter {
  /** Appends the new events of `update`. */
  write(update: Update): void;
  /** The metrics of the newest evaluation, which may be in the log already. */
  readonly heldOut: Metrics | null;
  /** The time spent in training by all processes of the run. */
  readonly seconds: number;
}

/** Calls `append` with the events that are not in the log yet, by its `recap`. Times are milliseconds of `now`; see createProgress(). */
export function createEventWriter(
  training: TrainingConfig,
  recap: LogRecap,
  append: (event: NewEvent) => void,
  now: () => number,
  labelled?: number,
): EventWriter {
  const startedAt = now();
  const progress = createProgress(now, labelled);
  let { epochRound, rollbackRound } = recap;
  let heldOut: Metrics | null = null;
  // Round to milliseconds: smaller differences are chance.
  const seconds = () => Math.round(recap.seconds * 1000 + now() - startedAt) / 1000;
  return {
    get heldOut() {
      return heldOut;
    },
    get seconds() {
      return seconds();
    },
    write(update) {
      for (const incident of update.incidents) append({ type: "incident", ...incident });
      if (update.cluster) append({ type: "cluster", ...update.cluster });
      heldOut = update.epochs.at(-1)?.heldOut ?? heldOut;
      // Repeated rounds have the same results, which are in the log already.
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
      if (event && event.round > recap.round) append(event);
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
