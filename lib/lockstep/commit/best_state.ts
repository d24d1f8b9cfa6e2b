/**
 * Compares the end of an epoch with the best state, for early stopping too. The comparison lies beside the state until the
 * next round commits and makes it part of the history. So a run that resumes from a state at the end of an epoch (from a
 * checkpoint, say) evaluates the epoch again and finds the same, once.
 */
import type { TrainingConfig } from "../../config/schema.ts";
import { currentAndNext, Word } from "../memory/control.ts";
import { EpochEndField } from "../memory/fields.ts";
import type { TrainingHistory } from "../memory/history_schema.ts";
import { currentHistory, writeHistory } from "../memory/training_history.ts";
import type { SharedRun } from "../memory/views.ts";
import type { ValidationMetrics } from "./records.ts";

/** Compares the end of an epoch, after `round` rounds, with the best one. Returns the number of epochs since the best one. */
export function compareWithBest(
  { epochEnd }: SharedRun,
  round: number,
  { best, sinceBest }: TrainingHistory,
  metric: TrainingConfig["metric"],
  validation: ValidationMetrics,
): number {
  const isBest = !best || isBetter(metric, validation, best);
  const since = isBest ? 0 : sinceBest + 1;
  epochEnd[EpochEndField.round] = round;
  epochEnd[EpochEndField.isBest] = isBest ? 1 : 0;
  epochEnd[EpochEndField.sinceBest] = since;
  epochEnd[EpochEndField.loss] = validation.loss;
  epochEnd[EpochEndField.accuracy] = validation.accuracy;
  epochEnd[EpochEndField.macroF1] = validation.macroF1 ?? NaN;
  return since;
}

/** Returns whether `metrics` are better than `others` by `metric`. Equal ones are compared by their loss. */
function isBetter(metric: TrainingConfig["metric"], metrics: ValidationMetrics, others: ValidationMetrics): boolean {
  const valueOf = ({ accuracy, macroF1 = 0 }: ValidationMetrics) => metric === "accuracy" ? accuracy : macroF1;
  const gain = metric === "log-loss" ? 0 : valueOf(metrics) - valueOf(others);
  return gain > 0 || gain === 0 && metrics.loss < others.loss;
}

/** Returns whether the state after `round` rounds is the new best one, which its history does not say yet. */
export function isNewBest({ epochEnd }: SharedRun, round: number): boolean {
  return epochEnd[EpochEndField.round] === round && epochEnd[EpochEndField.isBest] === 1;
}

/** Returns the current history plus the comparison, for the next state. Keeps the current state if it is the best. */
export function historyAfterEpoch(run: SharedRun): TrainingHistory {
  const round = Atomics.load(run.control, Word.round);
  const history = currentHistory(run, round);
  const { epochEnd } = run;
  if (epochEnd[EpochEndField.round] !== round || round === 0) return history;
  if (!isNewBest(run, round)) return { ...history, sinceBest: epochEnd[EpochEndField.sinceBest]! };
  // A reader that finds -1, or another round than the history of the state names, reads again.
  Atomics.store(run.control, Word.bestRound, -1);
  run.best!.set(currentAndNext(run.states, round)[0].values);
  // It names no best state: a run that resumes from it compares again and finds it the best.
  writeHistory(run.bestHistory, { ...history, best: undefined, sinceBest: 0 });
  Atomics.store(run.control, Word.bestRound, round);
  const { loss, accuracy, macroF1 } = EpochEndField;
  const metrics = {
    loss: epochEnd[loss]!,
    accuracy: epochEnd[accuracy]!,
    ...!Number.isNaN(epochEnd[macroF1]!) && { macroF1: epochEnd[macroF1]! },
  };
  return { ...history, sinceBest: 0, best: { round, position: round - history.undone, ...metrics } };
}
