/**
 * Describes where a state is in its run, and its training history, for checkpoints and for other machines as well.
 * Workers need only the types.
 */
import { z } from "zod";

/** The end of the epoch with the best validation metric so far. */
const bestSchema = z.object({
  round: z.int(),
  /** Rounds of the schedule that were done then. */
  position: z.int(),
  loss: z.number(),
  accuracy: z.number(),
  /** Present if it is the metric of the run. */
  macroF1: z.number().optional(),
});

const historySchema = z.object({
  /** Loss, hits and samples of the epoch so far, for its metrics only. */
  epoch: z.tuple([z.number(), z.number(), z.number()]).readonly(),
  /** Rounds outside of the schedule: those that were undone, and the rollbacks themselves. */
  undone: z.int(),
  /** Each one has halved the learning rate. */
  rollbacks: z.int(),
  /** The round number of the last rollback, or 0. */
  rollbackRound: z.int(),
  /** Absent before the end of the first epoch, or if no best state is kept. */
  best: bestSchema.nullish(),
  /** Epochs since the best one. */
  sinceBest: z.int(),
  // One word for "no best state".
}).transform(({ best, ...history }) => ({ ...history, best: best ?? undefined }));

/** The part of the past that decides how training continues: restored with a state, but no part of its digest. */
export type TrainingHistory = Readonly<z.infer<typeof historySchema>>;

/** Where a state is in its run. */
export interface Place {
  /** Rounds ever committed, this one included. */
  readonly round: number;
  /** Steps that each shard has taken. */
  readonly step: number;
  readonly history: TrainingHistory;
}

/** Parses what `writePlace` wrote. The history is called `course` there, as in states of earlier versions. */
export const placeSchema = z.object({ round: z.int(), step: z.int(), course: historySchema })
  .transform(({ course, ...place }): Place => ({ ...place, history: course }));

/** Returns the place of a state as files and messages have it. */
export function writePlace({ round, step, history }: Place): z.input<typeof placeSchema> {
  return { round, step, course: history };
}
