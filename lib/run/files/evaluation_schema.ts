/** What `judgement.json` holds: how well a model does on rows it was not trained on. Plain values. */
import { z } from "zod";

const classFigures = z.object({
  label: z.string(),
  /** Rows of this class. */
  support: z.int(),
  precision: z.number(),
  recall: z.number(),
  f1: z.number(),
});

const mistake = z.object({
  /** Where the row was read: `tickets.csv:18`. */
  place: z.string(),
  /** What the model read of it. */
  text: z.string(),
  label: z.string(),
  given: z.string(),
  confidence: z.number(),
});

export const judgementSchema = z.object({
  rows: z.int(),
  /** Mean cross-entropy in nats. */
  loss: z.number(),
  accuracy: z.number(),
  macroF1: z.number(),
  /** Expected calibration error over 15 bins. */
  calibrationError: z.number(),
  classes: z.array(classFigures),
  /** `[class of the row][class it was given]`: rows. Left out where there are more than 100 classes. */
  confusion: z.array(z.array(z.int())).optional(),
  /** The pairs of classes that are mixed up most, by their places in `classes`, the worst first; none in older files. */
  mixups: z.array(z.object({ label: z.int(), given: z.int(), rows: z.int() })).optional(),
  /** The most confident first. */
  mistakes: z.array(mistake),
});
export type Judgement = z.infer<typeof judgementSchema>;

/** Of a run's own rows. */
export const judgementsSchema = z.object({ validation: judgementSchema, test: judgementSchema.optional() });
export type Judgements = z.infer<typeof judgementsSchema>;
