/**
 * The one vocabulary of worker, log, SSE and dashboard: everything that happens to a run. An event's `id` is its
 * position in the run's log, from 1, without gaps.
 */
import { z } from "zod";

const figures = z.object({ loss: z.number(), accuracy: z.number() });

/** Mean cross-entropy in nats, and the share of sequences classified right, from 0 to 1. */
export type Figures = z.infer<typeof figures>;

const stamp = { id: z.int().positive(), at: z.iso.datetime() };

/** What files of rows turned out to hold. */
const dataSummary = z.object({
  sources: z.array(z.string()),
  /** To train on, to validate by and to test with. */
  rows: z.int(),
  validation: z.int(),
  test: z.int().nullable(),
  /** Ids of tokens, those of padding and of unknown ones too; without them, the tokens that are known. */
  vocabulary: z.int(),
  known: z.int().optional(),
  /** Tokens of a row that are read. */
  length: z.int(),
  /** Share of the validation rows' tokens that are unknown, and training rows that were cut. */
  unknown: z.number(),
  truncated: z.int(),
  /** Bad rows that were left out. */
  skipped: z.int(),
  /** What may be a mistake in the data, as `check` says it. */
  warnings: z.array(z.string()).optional(),
});

export type DataSummary = z.infer<typeof dataSummary>;

const started = z.object({
  ...stamp,
  type: z.literal("started"),
  run: z.string(),
  /** The whole resolved config, with what follows from the data. */
  config: z.record(z.string(), z.unknown()),
  parameters: z.int(),
  labels: z.array(z.string()),
  data: dataSummary.optional(),
  workers: z.int(),
  shards: z.int(),
  engine: z.string(),
  /** Of the state before the first round. */
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

/** What one worker did since the last progress event. */
export type WorkerShare = z.infer<typeof workerShare>;

const progress = z.object({
  ...stamp,
  type: z.literal("progress"),
  /** Rounds committed so far, and the steps of each shard in them. */
  round: z.int(),
  step: z.int(),
  epoch: z.int(),
  /** Over the training batches since the last progress event. */
  training: figures,
  sequencesPerSecond: z.number(),
  /** Root mean square distance of the shards' weights from their mean, relative to its norm; null where unknown. */
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
  training: figures,
  /** Of the averaged weights. */
  heldOut: figures,
  /** Since training began. */
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
 * A loss or a weight was not finite: round `round` brings back the state of round `restored`, which is the best one so
 * far, or the initial one (0). Steps and epochs after it are done once more, with other numbers of rounds.
 */
const rolledBack = z.object({
  ...stamp,
  type: z.literal("rolledBack"),
  round: z.int(),
  restored: z.int(),
  /** Steps and epochs that are done then. */
  step: z.int(),
  epoch: z.int(),
  /** From now on: half of what it was. */
  learningRate: z.number(),
  /** So far, this one included. */
  rollbacks: z.int(),
  reason: z.string(),
});

/** Training goes on from a checkpoint, in another process than before. Rounds after it are done again, to the same end. */
const resumed = z.object({
  ...stamp,
  type: z.literal("resumed"),
  round: z.int(),
  step: z.int(),
  workers: z.int(),
  digest: z.string(),
});

/** Training waits, from the end of the round on; or goes on. */
const paused = z.object({ ...stamp, type: z.literal("paused") });
const unpaused = z.object({ ...stamp, type: z.literal("unpaused") });

/** Describes a machine of a run, as it shows itself to the others. */
export const machineSchema = z.object({
  member: z.string(),
  /** Threads. */
  workers: z.int().positive(),
  /** Rounds committed there. */
  round: z.int().nonnegative(),
  /** Says whether it can train shards of the next round: it has the state that the round starts from, or will soon. */
  inStep: z.boolean(),
  /** Payload bytes sent and read since it joined. */
  bytesUp: z.number().nonnegative(),
  bytesDown: z.number().nonnegative(),
  /** Shares of its time since it joined. */
  compute: z.number().min(0).max(1),
  wait: z.number().min(0).max(1),
  /** Number of its incidents. */
  incidents: z.int().nonnegative(),
});

/** `incident` is the newest one, "" for none. */
const clusterMember = machineSchema.extend({ incident: z.string() });

/** The machines of a run, as the one sees them whose log this is. */
const cluster = z.object({
  ...stamp,
  type: z.literal("cluster"),
  /** The run's name on the server that they meet at. */
  name: z.string(),
  /** Which of the members this machine is, and which leads; "" where nobody does. */
  member: z.string(),
  leader: z.string(),
  round: z.int(),
  members: z.array(clusterMember),
  /** Messages and registers that this machine left out, by kind; runs of earlier versions did not count them. */
  dropped: z.record(z.string(), z.int()).optional(),
});

export type ClusterMember = z.infer<typeof clusterMember>;
/** The same without its place in a log. */
export const clusterViewSchema = cluster.omit({ id: true, at: true, type: true });
export type ClusterView = z.infer<typeof clusterViewSchema>;

/** Something went wrong that training survives. */
const incident = z.object({
  ...stamp,
  type: z.literal("incident"),
  message: z.string(),
  /** The machine that it happened on, if it was another one. */
  member: z.string().optional(),
});

/** An incident before the log has it. */
export interface Incident {
  readonly message: string;
  readonly member?: string;
}

/** The machines, and what happened on them lately, oldest first. */
export const clusterStatusSchema = clusterViewSchema.extend({
  incidents: z.array(z.object({ at: z.string(), member: z.string(), message: z.string() })),
});
export type ClusterStatus = z.infer<typeof clusterStatusSchema>;

const stopping = z.object({ ...stamp, type: z.literal("stopping"), reason: z.string() });

const baselineFigures = z.object({
  validation: figures,
  test: figures.optional(),
  /** That its training took. */
  seconds: z.number(),
});

/** What a linear model of n-grams makes of the same rows: what the LSTM has to beat. */
const baseline = z.object({ ...stamp, type: z.literal("baseline"), ...baselineFigures.shape });

/** Describes the metrics of a model on rows whose labels are known. */
export const rowMetricsSchema = z.object({
  rows: z.int(),
  /** Mean cross-entropy in nats. */
  loss: z.number(),
  accuracy: z.number(),
  /** Mean of the classes' F1. */
  macroF1: z.number(),
  /** Expected calibration error. */
  calibrationError: z.number(),
});
export type RowMetrics = z.infer<typeof rowMetricsSchema>;

export const summarySchema = z.object({
  run: z.string(),
  /** SHA-256 of the final state, or of the best one, if the run ends with that. */
  digest: z.string(),
  /**
   * Of the model that is served, on the validation rows or the held-out sequences. Versions up to 0.1.0 wrote the LSTM's
   * here: what reads a `summary.json` puts that right.
   */
  heldOut: figures.nullable(),
  /** The earlier state that digest, held-out figures and model are of; null if they are of the last one. */
  best: z.object({ epoch: z.int(), round: z.int() }).nullable().default(null),
  /** Where files were trained on: of the model that is served, on their validation and test rows. */
  validation: rowMetricsSchema.optional(),
  test: rowMetricsSchema.optional(),
  /** The LSTM's part in that model, if n-grams were there to combine it with, and what it does alone. */
  lstm: z.object({
    /** In the mean of the probabilities; 1: the LSTM alone. */
    share: z.number(),
    validation: rowMetricsSchema,
    test: rowMetricsSchema.optional(),
  }).optional(),
  /** What the n-grams do alone. */
  baseline: baselineFigures.optional(),
  /** SHA-256 of `judgement.json`, where there is one. */
  judgementDigest: z.string().optional(),
  /** Why training ended. */
  reason: z.string(),
  /** Whole ones. */
  epochs: z.int(),
  rounds: z.int(),
  /** Of each shard. */
  steps: z.int(),
  /** Trained on, all shards together. */
  sequences: z.int(),
  seconds: z.number(),
  sequencesPerSecond: z.number(),
  workers: z.int(),
  shards: z.int(),
  engine: z.string(),
});

/** A run's `summary.json`. */
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
  stopping,
  finished,
  failed,
]);

export type RunEvent = z.infer<typeof eventSchema>;
export type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

/** An event before the log has given it its place. */
export type NewEvent = RunEvent extends infer Event ? Event extends RunEvent ? Omit<Event, "id" | "at"> : never : never;

/** Whether nothing follows `event` in its run. */
export function isLast(event: RunEvent): boolean {
  return event.type === "finished" || event.type === "failed";
}
