/** Defines the metrics of a model on rows whose labels are known. */
import { z } from "zod";

/** Describes the metrics of a model on rows whose labels are known; the loss is the mean cross-entropy in nats. */
export const rowMetricsSchema = z.object({
  rows: z.int(),
  loss: z.number(),
  accuracy: z.number(),
  /** Mean of the classes' F1. */
  macroF1: z.number(),
  /** Expected calibration error. */
  calibrationError: z.number(),
  /**
   * Present where a row may have several labels. `accuracy` is then the share of the rows with labels whose most probable label is
   * one of theirs, `loss` the mean over rows of the sum over labels, and `calibrationError` is over all labels.
   */
  several: z.object({
    /** Over all labels of all rows together, by the labels' thresholds. */
    microF1: z.number(),
    precision: z.number(),
    recall: z.number(),
    /** Share of the rows whose labels are all right, and none missing (subset accuracy). */
    exact: z.number(),
    /** Mean number of labels of a row. */
    labels: z.number(),
    /** Rows that have a label: only these count for `accuracy` and `at`. Earlier versions wrote none, and counted all. */
    labelled: z.int().optional(),
    /** Labels of the rows that no training row has, if there are any: they count as missing. */
    unseen: z.int().optional(),
    /** Precision and recall of so many most probable labels of each row. */
    at: z.array(z.object({ rank: z.int(), precision: z.number(), recall: z.number() })),
  }).optional(),
  /** If less confident rows are rejected: the least confidence of an answer, the share of rows with one, and their accuracy. */
  answered: z.object({ threshold: z.number(), share: z.number(), accuracy: z.number() }).optional(),
  /** In a summary: the pairs of classes that the served model confuses most, the worst first. */
  confused: z.array(z.object({ label: z.string(), given: z.string(), rows: z.int() })).optional(),
});
export type RowMetrics = z.infer<typeof rowMetricsSchema>;
