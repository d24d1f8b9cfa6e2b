/**
 * Reads and writes the training history of a state in shared memory, where each copy of the state has one, as numbers;
 * and derives from it where training is.
 */
import type { TrainingConfig } from "../../config/schema.ts";
import { learningRateAt } from "../../engine/learning_rate.ts";
import { roundsPerEpoch, type ScheduleOptions } from "../schedule.ts";
import { currentAndNext } from "./control.ts";
import { HistoryFigure } from "./figures.ts";
import type { TrainingHistory } from "./history_schema.ts";

export const NEW_HISTORY: TrainingHistory = {
  epoch: [0, 0, 0],
  undone: 0,
  rollbacks: 0,
  rollbackRound: 0,
  best: undefined,
  sinceBest: 0,
};

/** After so many halvings, a run that still diverges has another problem than its learning rate. */
export const MAX_ROLLBACKS = 5;

/** `[round & 1]` the history of that copy of the state. */
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

export function readHistory(figures: Float64Array): TrainingHistory {
  // By position: this runs several times a round. Taking an array apart, or a loop over names, takes ten times as long.
  const round = figures[HistoryFigure.bestRound]!;
  return {
    epoch: [figures[HistoryFigure.lossSum]!, figures[HistoryFigure.correct]!, figures[HistoryFigure.samples]!],
    undone: figures[HistoryFigure.undone]!,
    rollbacks: figures[HistoryFigure.rollbacks]!,
    rollbackRound: figures[HistoryFigure.rollbackRound]!,
    best: round > 0
      ? {
        round,
        position: figures[HistoryFigure.bestPosition]!,
        loss: figures[HistoryFigure.bestLoss]!,
        accuracy: figures[HistoryFigure.bestAccuracy]!,
      }
      : undefined,
    sinceBest: figures[HistoryFigure.sinceBest]!,
  };
}

export function writeHistory(figures: Float64Array, history: TrainingHistory): void {
  const { epoch: [lossSum, correct, samples], undone, rollbacks, rollbackRound, sinceBest, best } = history;
  figures[HistoryFigure.lossSum] = lossSum;
  figures[HistoryFigure.correct] = correct;
  figures[HistoryFigure.samples] = samples;
  figures[HistoryFigure.undone] = undone;
  figures[HistoryFigure.rollbacks] = rollbacks;
  figures[HistoryFigure.rollbackRound] = rollbackRound;
  figures[HistoryFigure.sinceBest] = sinceBest;
  figures[HistoryFigure.bestRound] = best?.round ?? 0;
  figures[HistoryFigure.bestPosition] = best?.position ?? 0;
  figures[HistoryFigure.bestLoss] = best?.loss ?? 0;
  figures[HistoryFigure.bestAccuracy] = best?.accuracy ?? 0;
}

/** Says whether the state after `round` rounds is the end of an epoch that was just trained. */
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

/** Says whether a run keeps its best state: to end with it, or to roll back to it. */
export function keepsBest({ patience, restoreBest, onNan }: TrainingConfig): boolean {
  return restoresBest({ patience, restoreBest }) || onNan === "rollback";
}

/** Says whether a run ends with its best state. */
export function restoresBest({ patience, restoreBest }: Pick<TrainingConfig, "patience" | "restoreBest">): boolean {
  return patience > 0 || restoreBest;
}
