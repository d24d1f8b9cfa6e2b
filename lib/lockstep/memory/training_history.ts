/**
 * Reads and writes the training history of each copy of the state, as numbers in shared memory, and derives from it where
 * training is in its schedule.
 */
import type { TrainingConfig } from "../../config/schema.ts";
import { learningRateAt } from "../../engine/learning_rate.ts";
import { roundsPerEpoch, type ScheduleOptions } from "../round_schedule.ts";
import { currentAndNext } from "./control.ts";
import { HistoryField } from "./fields.ts";
import type { TrainingHistory } from "./history_schema.ts";

export const NEW_HISTORY: TrainingHistory = {
  epoch: [0, 0, 0],
  undone: 0,
  rollbacks: 0,
  rollbackRound: 0,
  best: undefined,
  sinceBest: 0,
};

/** Limits the rollbacks: after so many halvings, the learning rate is not why a run diverges. */
export const MAX_ROLLBACKS = 5;

/** Holds, at `[round & 1]`, the history of that copy of the state. */
interface Histories {
  readonly histories: readonly [Float64Array, Float64Array];
}

/** Reads the history of the state after `round` rounds. */
export function currentHistory(run: Histories, round: number): TrainingHistory {
  return readHistory(currentAndNext(run.histories, round)[0]);
}

/** Writes the history of the state after `round` rounds. */
export function setHistory(run: Histories, round: number, history: TrainingHistory): void {
  writeHistory(currentAndNext(run.histories, round)[0], history);
}

export function readHistory(fields: Float64Array): TrainingHistory {
  // By position, as this runs several times a round: destructuring an array, or a loop over names, takes ten times as long.
  const round = fields[HistoryField.bestRound]!;
  const macroF1 = fields[HistoryField.bestMacroF1]!;
  return {
    epoch: [fields[HistoryField.lossSum]!, fields[HistoryField.correct]!, fields[HistoryField.samples]!],
    undone: fields[HistoryField.undone]!,
    rollbacks: fields[HistoryField.rollbacks]!,
    rollbackRound: fields[HistoryField.rollbackRound]!,
    best: round > 0
      ? {
        round,
        position: fields[HistoryField.bestPosition]!,
        loss: fields[HistoryField.bestLoss]!,
        accuracy: fields[HistoryField.bestAccuracy]!,
        ...!Number.isNaN(macroF1) && { macroF1 },
      }
      : undefined,
    sinceBest: fields[HistoryField.sinceBest]!,
  };
}

export function writeHistory(fields: Float64Array, history: TrainingHistory): void {
  const { epoch: [lossSum, correct, samples], undone, rollbacks, rollbackRound, sinceBest, best } = history;
  fields[HistoryField.lossSum] = lossSum;
  fields[HistoryField.correct] = correct;
  fields[HistoryField.samples] = samples;
  fields[HistoryField.undone] = undone;
  fields[HistoryField.rollbacks] = rollbacks;
  fields[HistoryField.rollbackRound] = rollbackRound;
  fields[HistoryField.sinceBest] = sinceBest;
  fields[HistoryField.bestRound] = best?.round ?? 0;
  fields[HistoryField.bestPosition] = best?.position ?? 0;
  fields[HistoryField.bestLoss] = best?.loss ?? 0;
  fields[HistoryField.bestAccuracy] = best?.accuracy ?? 0;
  fields[HistoryField.bestMacroF1] = best?.macroF1 ?? NaN;
}

/** Returns whether the state after `round` rounds ends an epoch that was just trained. */
export function endsEpoch(
  options: ScheduleOptions,
  round: number,
  { undone, rollbackRound }: TrainingHistory,
): boolean {
  return round > 0 && round !== rollbackRound && (round - undone) % roundsPerEpoch(options) === 0;
}

/** Returns the learning rate of `step`, after so many rollbacks. */
export function learningRateAfter(training: TrainingConfig, step: number, rollbacks: number): number {
  return learningRateAt(training, step) * 2 ** -rollbacks;
}

/** Returns whether a run keeps its best state: to end with it, or to roll back to it. */
export function keepsBest({ patience, restoreBest, onNan }: TrainingConfig): boolean {
  return restoresBest({ patience, restoreBest }) || onNan === "rollback";
}

/** Returns whether a run ends with its best state. */
export function restoresBest({ patience, restoreBest }: Pick<TrainingConfig, "patience" | "restoreBest">): boolean {
  return patience > 0 || restoreBest;
}
