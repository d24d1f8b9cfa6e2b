/** Defines a run's events, which all parts share. An event's `id` is its position in the run's log, from 1, without gaps. */
import { z } from "zod";
import { clusterViewSchema } from "./events/cluster_view.ts";
import { rowMetricsSchema } from "./row_metrics.ts";

const metrics = z.object({ loss: z.number(), accuracy: z.number() });

/** The mean cross-entropy in nats, and the share of correctly classified sequences, from 0 to 1. */
export type Metrics = z.infer<typeof metrics>;

/** With the mean of the classes' F1, if that is the metric of the run. */
const validationMetrics = metrics.extend({ macroF1: z.number().optional() });

const stamp = { id: z.int().positive(), at: z.iso.datetime() };

/** Summarizes the data of a run. */
const dataSummary = z.object({
  sources: z.array(z.string()),
  /** Rows of the training, validation and test sets. */
  rows: z.int(),
  validation: z.int(),
  test: z.int().nullable(),
  /** Counts token ids, with those of padding and unknown tokens; `known` counts only known tokens. */
  vocabulary: z.int(),
  known: z.int().optional(),
  /** Vectors from a file: their width, the known tokens that have one, their share of all tokens, and other words. */
  vectors: z.object({ width: z.int(), words: z.int(), share: z.number(), others: z.int() }).optional(),
  /** Maximum tokens of a row. */
  length: z.int(),
  /** Share of unknown tokens in the validation rows, and number of cut training rows. */
  unknown: z.number(),
  truncated: z.int(),
  /** Skipped bad rows. */
  skipped: z.int(),
  /** Possible mistakes in the data, as `check` reports them. */
  warnings: z.array(z.string()).optional(),
});
export type DataSummary = z.infer<typeof dataSummary>;

const started = z.object({
  ...stamp,
  type: z.literal("started"),
  run: z.string(),
  /** The whole resolved config, with the values that follow from the data. */
  config: z.record(z.string(), z.unknown()),
  parameters: z.int(),
  labels: z.array(z.string()),
  data: dataSummary.optional(),
  workers: z.int(),
  shards: z.int(),
  engine: z.string(),
  /** Digest of the state before the first round. */
  digest: z.string(),
});

const workerShare = z.object({
  worker: z.int(),
  sequencesPerSecond: z.number(),
  /** Shares of the wall time since the last progress event, 0 to 1. */
  compute: z.number(),
  wait: z.number(),
  average: z.number(),
});

/** The work of one worker since the last progress event. */
export type WorkerShare = z.infer<typeof workerShare>;

const progress = z.object({
  ...stamp,
  type: z.literal("progress"),
  /** Rounds committed so far, and the steps of each shard in them. */
  round: z.int(),
  step: z.int(),
  epoch: z.int(),
  /** Over the training batches since the last progress event. */
  training: metrics,
  sequencesPerSecond: z.number(),
  /** Root mean square distance of the shards' weights from their mean, relative to its norm; null if unknown. */
  drift: z.number().nullable(),
  workers: z.array(workerShare),
});

const epoch = z.object({
  ...stamp,
  type: z.literal("epoch"),
  epoch: z.int(),
  round: z.int(),
  step: z.int(),
  /** SHA-256 of the state. */
  digest: z.string(),
  /** Over the epoch's training batches, each before its step. */
  training: metrics,
  /** Metrics of the averaged weights on the validation set. */
  heldOut: validationMetrics,
  seconds: z.number(),
});

const checkpoint = z.object({
  ...stamp,
  type: z.literal("checkpoint"),
  round: z.int(),
  step: z.int(),
  digest: z.string(),
  file: z.string(),
});

/**
 * A loss or a weight was not finite: round `round` restores the state of round `restored`, which is the best one so far,
 * or the initial one (0). The steps and epochs after it are repeated in rounds with new numbers.
 */
const rolledBack = z.object({
  ...stamp,
  type: z.literal("rolledBack"),
  round: z.int(),
  restored: z.int(),
  /** Completed steps and epochs of the restored state. */
  step: z.int(),
  epoch: z.int(),
  /** The new learning rate: half of the previous one. */
  learningRate: z.number(),
  /** Number of rollbacks so far, with this one. */
  rollbacks: z.int(),
  reason: z.string(),
});

/** A new process resumes training from a checkpoint. Rounds after it are repeated with the same result. */
const resumed = z.object({
  ...stamp,
  type: z.literal("resumed"),
  round: z.int(),
  step: z.int(),
  workers: z.int(),
  engine: z.string().optional(),
  digest: z.string(),
  /** The number of epochs of the run, if it has more than it began with. */
  epochs: z.int().optional(),
});

/** Training pauses at the end of the round, or resumes. */
const paused = z.object({ ...stamp, type: z.literal("paused") });
const unpaused = z.object({ ...stamp, type: z.literal("unpaused") });

/** The machines of a run, as seen by the machine with this log. */
const cluster = z.object({ ...stamp, type: z.literal("cluster"), ...clusterViewSchema.shape });

/** A fault that training survives. */
const incident = z.object({
  ...stamp,
  type: z.literal("incident"),
  message: z.string(),
  /** The machine with the fault, if it was another one. */
  member: z.string().optional(),
});

/** An incident before it is in the log. */
export interface Incident {
  readonly message: string;
  readonly member?: string;
}

const streamPoint = {
  /** Rows of the stream so far. */
  rows: z.int(),
  /** Faded share of the rows that the model of their time predicted before it learnt them; null before the first model. */
  accuracy: z.number().nullable(),
  rowsPerSecond: z.number(),
};

/** A run begins to learn the newest rows of a stream. */
const stream = z.object({
  ...stamp,
  type: z.literal("stream"),
  /** The segment of the stream that is learnt, from 1. */
  segment: z.int(),
  ...streamPoint,
  /** Bad rows that this process skipped. */
  skipped: z.int(),
  /** The ends of the newest segments, the newest last, and the rows at which the accuracy fell: drifts of the stream. */
  history: z.array(z.object(streamPoint)),
  drifts: z.array(z.int()),
});

const stopping = z.object({ ...stamp, type: z.literal("stopping"), reason: z.string() });

const baselineMetrics = z.object({
  validation: metrics,
  test: metrics.optional(),
  /** Duration of its training. */
  seconds: z.number(),
  /** Rows that the n-grams were fitted to at the end, with the validation rows; absent if those stayed apart. */
  refitRows: z.int().optional(),
});

/** Metrics of a linear model of n-grams on the same rows, which the LSTM should exceed. */
const baseline = z.object({ ...stamp, type: z.literal("baseline"), ...baselineMetrics.shape });

/** The accuracy of two models on the same rows; the first is absent if the earlier run has none. */
const beforeAndAfter = z.object({ rows: z.int(), before: z.number().optional(), after: z.number() });

export const summarySchema = z.object({
  run: z.string(),
  /** SHA-256 of the final state, or of the best one, if the run ends with that. */
  digest: z.string(),
  /** Metrics of the served model on the validation set; versions up to 0.1.0 wrote those of the LSTM. */
  heldOut: validationMetrics.nullable(),
  /** The earlier state that digest, metrics and model belong to; null if it is the last one. */
  best: z.object({ epoch: z.int(), round: z.int() }).nullable().default(null),
  /** Metrics of the served model on the validation and test rows, if the run was trained on files. */
  validation: rowMetricsSchema.optional(),
  test: rowMetricsSchema.optional(),
  /** Training and validation rows of the run's own files, without those of earlier runs that it replays. */
  rows: z.int().optional(),
  /** The LSTM's share in that model, if it was combined with n-grams, and the LSTM's own metrics. */
  lstm: z.object({
    /** From 0 to 1, which is only the LSTM. */
    share: z.number(),
    validation: rowMetricsSchema,
    test: rowMetricsSchema.optional(),
  }).optional(),
  /** Metrics of the n-grams by themselves. */
  baseline: baselineMetrics.optional(),
  /** The run that this one continues from, with the accuracies of its model (before) and of this one (after). */
  parent: z.object({
    run: z.string(),
    /** On the validation rows of the new files, and on those of the earlier runs, unless `replay` is 0. */
    new: beforeAndAfter.optional(),
    old: beforeAndAfter.optional(),
  }).optional(),
  /** SHA-256 of `judgement.json`, if it exists. */
  judgementDigest: z.string().optional(),
  /** The reason for the end of training. */
  reason: z.string(),
  /** Completed epochs. */
  epochs: z.int(),
  rounds: z.int(),
  /** Steps of each shard. */
  steps: z.int(),
  /** Trained sequences of all shards together. */
  sequences: z.int(),
  seconds: z.number(),
  sequencesPerSecond: z.number(),
  workers: z.int(),
  shards: z.int(),
  engine: z.string(),
});

export type Summary = z.infer<typeof summarySchema>;

const finished = z.object({ ...stamp, type: z.literal("finished"), summary: summarySchema });
const failed = z.object({ ...stamp, type: z.literal("failed"), error: z.string() });

export const eventSchema = z.discriminatedUnion("type", [
  started,
  progress,
  epoch,
  checkpoint,
  rolledBack,
  resumed,
  paused,
  unpaused,
  incident,
  cluster,
  baseline,
  stream,
  stopping,
  finished,
  failed,
]);

export type RunEvent = z.infer<typeof eventSchema>;
export type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

/** An event before the log has assigned its position. */
export type NewEvent = RunEvent extends infer Event ? Event extends RunEvent ? Omit<Event, "id" | "at"> : never : never;

/** Tells whether `event` is the last one of its run. */
export function isLast(event: RunEvent): boolean {
  return event.type === "finished" || event.type === "failed";
}
