/** Describes the training history of a state, for checkpoints and for other machines as well. Workers need only its type. */
import { z } from "zod";

/** The end of the epoch with the lowest validation loss so far. */
const bestSchema = z.object({
  round: z.int(),
  /** Rounds of the schedule that were done then. */
  position: z.int(),
  loss: z.number(),
  accuracy: z.number(),
});

export const historySchema = z.object({
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
});

type Parsed = z.infer<typeof historySchema>;

/** The part of the past that decides how training continues: restored with a state, but no part of its digest. */
export type TrainingHistory = Readonly<Omit<Parsed, "best">> & {
  readonly best: Readonly<z.infer<typeof bestSchema>> | undefined;
};

/** Returns what `historySchema` parsed, with one word for "no best state". */
export function historyOf({ best, ...history }: Parsed): TrainingHistory {
  return { ...history, best: best ?? undefined };
}
