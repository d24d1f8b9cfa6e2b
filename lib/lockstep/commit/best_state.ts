/**
 * Compares the end of an epoch with the best state, for early stopping too. The comparison waits beside the state until the
 * next round commits. Until then the state is as its own round left it, so a run that resumes from it (from a checkpoint, say)
 * evaluates the epoch again and finds the same, once.
 */
import { currentAndNext, Word } from "../memory/control.ts";
import { EpochEndFigure } from "../memory/figures.ts";
import type { TrainingHistory } from "../memory/history_schema.ts";
import { currentHistory, writeHistory } from "../memory/training_history.ts";
import type { SharedRun } from "../memory/views.ts";

/** Notes how the end of an epoch, after `round` rounds, compares with the best one. Returns the epochs since the best one. */
export function compareWithBest(
  { epochEnd }: SharedRun,
  round: number,
  { best, sinceBest }: TrainingHistory,
  validation: { readonly loss: number; readonly accuracy: number },
): number {
  const isBest = validation.loss < (best?.loss ?? Infinity);
  const since = isBest ? 0 : sinceBest + 1;
  epochEnd[EpochEndFigure.round] = round;
  epochEnd[EpochEndFigure.isBest] = isBest ? 1 : 0;
  epochEnd[EpochEndFigure.sinceBest] = since;
  epochEnd[EpochEndFigure.loss] = validation.loss;
  epochEnd[EpochEndFigure.accuracy] = validation.accuracy;
  return since;
}

/** Says whether the state after `round` rounds turned out to be the best, and its history does not say so yet. */
export function isNewBest({ epochEnd }: SharedRun, round: number): boolean {
  return epochEnd[EpochEndFigure.round] === round && epochEnd[EpochEndFigure.isBest] === 1;
}

/** Returns the history for the next state: the current one's, with the comparison in it. Keeps the current state if it is the best. */
export function historyAfterEpoch(run: SharedRun): TrainingHistory {
  const round = Atomics.load(run.control, Word.round);
  const history = currentHistory(run, round);
  const { epochEnd } = run;
  if (epochEnd[EpochEndFigure.round] !== round || round === 0) return history;
  if (!isNewBest(run, round)) return { ...history, sinceBest: epochEnd[EpochEndFigure.sinceBest]! };
  // A reader that meets -1, or another round than the state's own history names, reads again.
  Atomics.store(run.control, Word.bestRound, -1);
  run.best!.set(currentAndNext(run.states, round)[0].values);
  // Without a best state of its own: a run that resumes from it compares again, and finds it the best.
  writeHistory(run.bestHistory, { ...history, best: undefined, sinceBest: 0 });
  Atomics.store(run.control, Word.bestRound, round);
  const [loss, accuracy] = [epochEnd[EpochEndFigure.loss]!, epochEnd[EpochEndFigure.accuracy]!];
  return { ...history, sinceBest: 0, best: { round, position: round - history.undone, loss, accuracy } };
}
