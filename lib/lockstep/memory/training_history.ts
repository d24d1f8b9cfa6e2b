/**
 * What lies behind a state, as far as it decides what comes: it is restored with the state, and is no part of the
 * digest. In shared memory there is one for each copy of the state, as numbers.
 */
import type { TrainingConfig } from "../../config/schema.ts";
import { learningRateAt } from "../../engine/schedule.ts";
import { roundsPerEpoch, type ScheduleOptions } from "../schedule.ts";

/** The end of an epoch whose held-out loss was the lowest so far. */
export interface Best {
  readonly round: number;
  /** Rounds of the schedule that were done then. */
  readonly position: number;
  readonly loss: number;
  readonly accuracy: number;
}

export interface Course {
  /** Loss, hits and samples of the epoch so far, for its figures alone. */
  readonly epoch: readonly [lossSum: number, correct: number, samples: number];
  /** Rounds that are not of the schedule: those that were taken back, and those that took them back. */
  readonly undone: number;
  /** Each has halved the learning rate. */
  readonly rollbacks: number;
  /** The round that the last rollback is, or 0. */
  readonly rollbackRound: number;
  /** None before the end of the first epoch, or if no best state is kept. */
  readonly best: Best | undefined;
  /** Epochs since the best one. */
  readonly sinceBest: number;
}

export const NEW_COURSE: Course = {
  epoch: [0, 0, 0],
  undone: 0,
  rollbacks: 0,
  rollbackRound: 0,
  best: undefined,
  sinceBest: 0,
};

/** Numbers that a course takes in shared memory. */
export const COURSE_FIGURES = 12;

/** A learning rate that was halved so often and still diverges is not what is wrong. */
export const MAX_ROLLBACKS = 5;

export function readCourse(figures: Float64Array): Course {
  // By number: this is read several times a round, and taking an array apart goes through its iterator.
  const round = figures[7]!;
  return {
    epoch: [figures[0]!, figures[1]!, figures[2]!],
    undone: figures[3]!,
    rollbacks: figures[4]!,
    rollbackRound: figures[5]!,
    best: round > 0 ? { round, position: figures[8]!, loss: figures[9]!, accuracy: figures[10]! } : undefined,
    sinceBest: figures[6]!,
  };
}

export function writeCourse(figures: Float64Array, course: Course): void {
  const { epoch, undone, rollbacks, rollbackRound, sinceBest, best } = course;
  const ofBest = best ? [best.round, best.position, best.loss, best.accuracy] : [0, 0, 0, 0];
  figures.set([...epoch, undone, rollbacks, rollbackRound, sinceBest, ...ofBest]);
}

/** Whether the state after `round` rounds is the end of an epoch that was just trained. */
export function endsEpoch(options: ScheduleOptions, round: number, { undone, rollbackRound }: Course): boolean {
  return round > 0 && round !== rollbackRound && (round - undone) % roundsPerEpoch(options) === 0;
}

/** The learning rate of `step`, after so many rollbacks. */
export function learningRateAfter(training: TrainingConfig, step: number, rollbacks: number): number {
  return learningRateAt(training, step) * 2 ** -rollbacks;
}

/** Whether a run keeps its best state: to end with it, or to go back to it. */
export function keepsBest({ patience, restoreBest, onNan }: TrainingConfig): boolean {
  return restoresBest({ patience, restoreBest }) || onNan === "rollback";
}

/** Whether a run ends with its best state. */
export function restoresBest({ patience, restoreBest }: Pick<TrainingConfig, "patience" | "restoreBest">): boolean {
  return patience > 0 || restoreBest;
}
