/**
 * Types of what a training reports, written out so that a program that imports them needs nothing else. Tests check that
 * they equal the schemas of lib/base/events.ts.
 */

/**
 * Metrics of a model during training.
 *
 * @example
 * ```ts
 * import type { Metrics } from "lockstep";
 *
 * const text = ({ loss, accuracy }: Metrics) => `loss ${loss.toFixed(4)}, ${(100 * accuracy).toFixed(2)}% right`;
 * console.log(text({ loss: 0.1, accuracy: 0.98 }));
 * ```
 */
export interface Metrics {
  /** Mean cross-entropy in nats. */
  loss: number;
  /** Share of the rows that are classified correctly, from 0 to 1. */
  accuracy: number;
  /** Mean of the classes' F1, if that is the metric of the run. */
  macroF1?: number | undefined;
}

/**
 * Metrics of a model on rows whose labels are known.
 *
 * @example
 * ```ts
 * import type { RowMetrics } from "lockstep";
 *
 * const isGood = ({ rows, macroF1 }: RowMetrics) => rows > 100 && macroF1 > 0.9;
 * console.log(isGood({ rows: 400, loss: 0.1, accuracy: 0.98, macroF1: 0.97, calibrationError: 0.01 }));
 * ```
 */
export interface RowMetrics {
  /** Number of rows. */
  rows: number;
  /** Mean cross-entropy in nats. */
  loss: number;
  /** Share of the rows that are classified correctly. */
  accuracy: number;
  /** Mean of the classes' F1. */
  macroF1: number;
  /** Expected calibration error, over 15 bins. */
  calibrationError: number;
  /** If a row may have several labels; `accuracy` is then the share of rows with labels whose most probable one is right. */
  several?: SeveralMetrics | undefined;
  /** If less confident rows are rejected: the least confidence of an answer, the share of rows with one, and their accuracy. */
  answered?: { threshold: number; share: number; accuracy: number } | undefined;
  /** In a summary: the pairs of classes that the model confuses most, the worst first. */
  confused?: { label: string; given: string; rows: number }[] | undefined;
}

/**
 * More metrics of rows that may have several labels.
 *
 * @example
 * ```ts
 * import type { SeveralMetrics } from "lockstep";
 *
 * const isGood = ({ microF1 }: Pick<SeveralMetrics, "microF1">) => microF1 > 0.8;
 * console.log(isGood({ microF1: 0.9 }));
 * ```
 */
export interface SeveralMetrics {
  /** Over all labels of all rows together, by the labels' thresholds. */
  microF1: number;
  /** The share of right labels among all that rows were given. */
  precision: number;
  /** The share of the rows' labels that they were given. */
  recall: number;
  /** Share of the rows whose labels are all right, and none missing. */
  exact: number;
  /** Mean number of labels of a row. */
  labels: number;
  /** Rows that have a label: only these count for `accuracy` and `at`. Earlier versions wrote none, and counted all. */
  labelled?: number | undefined;
  /** Labels of the rows that no training row has, if there are any: they count as missing. */
  unseen?: number | undefined;
  /** Precision and recall of so many most probable labels of each row. */
  at: { rank: number; precision: number; recall: number }[];
}

/**
 * The result of a training, which is also in `summary.json` of the run.
 *
 * @example
 * ```ts
 * import { train } from "lockstep";
 *
 * await using run = await train({ data: "tickets.csv", epochs: 2 });
 * console.log(run.summary.reason, run.summary.digest, run.summary.validation?.accuracy);
 * ```
 */
export interface Summary {
  /** Id of the run. */
  run: string;
  /** SHA-256 of the final state, or of the best one, if the run ends with that. */
  digest: string;
  /** Metrics of the finished model on the validation rows; null if training ended before they were measured. */
  heldOut: Metrics | null;
  /** The earlier state that digest, metrics and model belong to; null if it is the last one. */
  best: { epoch: number; round: number } | null;
  /** Metrics of the finished model on the validation rows. */
  validation?: RowMetrics | undefined;
  /** Metrics of the finished model on the test rows, if there are any. */
  test?: RowMetrics | undefined;
  /** Training and validation rows of the run's own files, without those of earlier runs that it replays. */
  rows?: number | undefined;
  /** The share of the LSTM in the finished model, from 0 to 1, and its own metrics. */
  lstm?: { share: number; validation: RowMetrics; test?: RowMetrics | undefined } | undefined;
  /** Metrics of the n-grams by themselves. */
  baseline?:
    | { validation: Metrics; test?: Metrics | undefined; seconds: number; refitRows?: number | undefined }
    | undefined;
  /** The run that this one continues from, with the accuracies of its model and of this one on new and on earlier rows. */
  parent?: {
    run: string;
    new?: { rows: number; before?: number | undefined; after: number } | undefined;
    old?: { rows: number; before?: number | undefined; after: number } | undefined;
  } | undefined;
  /** SHA-256 of `judgement.json`, if it exists. */
  judgementDigest?: string | undefined;
  /** The reason for the end of training. */
  reason: string;
  /** Completed epochs. */
  epochs: number;
  /** Committed rounds. */
  rounds: number;
  /** Steps of each shard. */
  steps: number;
  /** Trained sequences of all shards together. */
  sequences: number;
  /** Duration of the training. */
  seconds: number;
  /** Speed of all workers together. */
  sequencesPerSecond: number;
  /** Threads that trained. */
  workers: number;
  /** Logical replicas. */
  shards: number;
  /** Engine and kernels. */
  engine: string;
}

/**
 * An event of a run: a line of `events.jsonl`, and of the stream `/events` of a server. `id` counts the events of a run
 * from 1.
 *
 * @example
 * ```ts
 * import type { RunEvent } from "lockstep";
 *
 * function onProgress(event: RunEvent): void {
 *   if (event.type === "epoch") console.log(event.epoch, event.heldOut.accuracy);
 * }
 * onProgress({ id: 1, at: new Date().toISOString(), type: "paused" });
 * ```
 */
export type RunEvent =
  & {
    id: number;
    /** ISO 8601. */
    at: string;
  }
  & (
    | {
      type: "started";
      run: string;
      /** The whole config, with the values that follow from the data. */
      config: Record<string, unknown>;
      parameters: number;
      labels: string[];
      data?:
        | {
          sources: string[];
          /** Rows of the training, validation and test sets. */
          rows: number;
          validation: number;
          test: number | null;
          /** Counts token ids, with those of padding and unknown tokens; `known` counts only known tokens. */
          vocabulary: number;
          known?: number | undefined;
          vectors?: { width: number; words: number; share: number; others: number } | undefined;
          /** Maximum tokens of a row. */
          length: number;
          /** Share of unknown tokens in the validation rows. */
          unknown: number;
          /** Number of training rows that were cut. */
          truncated: number;
          /** Skipped bad rows. */
          skipped: number;
          /** Possible mistakes in the data. */
          warnings?: string[] | undefined;
        }
        | undefined;
      workers: number;
      shards: number;
      engine: string;
      /** Digest of the state before the first round. */
      digest: string;
    }
    | {
      type: "progress";
      round: number;
      step: number;
      epoch: number;
      /** Over the training batches since the last progress event. */
      training: { loss: number; accuracy: number };
      sequencesPerSecond: number;
      /** Root mean square distance of the shards' weights from their mean, relative to its norm; null if unknown. */
      drift: number | null;
      workers: {
        worker: number;
        sequencesPerSecond: number;
        /** Shares of the wall time since the last progress event. */
        compute: number;
        wait: number;
        average: number;
      }[];
    }
    | {
      type: "epoch";
      epoch: number;
      round: number;
      step: number;
      /** SHA-256 of the state. */
      digest: string;
      /** Over the epoch's training batches, each before its step. */
      training: { loss: number; accuracy: number };
      /** Metrics of the LSTM on the validation rows. */
      heldOut: Metrics;
      seconds: number;
    }
    | { type: "checkpoint"; round: number; step: number; digest: string; file: string }
    | {
      /** A loss or a weight was not finite: training returned to an earlier state, at half the learning rate. */
      type: "rolledBack";
      round: number;
      restored: number;
      step: number;
      epoch: number;
      learningRate: number;
      rollbacks: number;
      reason: string;
    }
    | {
      type: "resumed";
      round: number;
      step: number;
      workers: number;
      engine?: string | undefined;
      digest: string;
      epochs?: number | undefined;
    }
    | { type: "paused" }
    | { type: "unpaused" }
    | { type: "incident"; message: string; member?: string | undefined }
    | {
      type: "cluster";
      name: string;
      /** The names of this machine and of the leader, "" for none. */
      member: string;
      leader: string;
      round: number;
      members: {
        member: string;
        workers: number;
        round: number;
        inStep: boolean;
        bytesUp: number;
        bytesDown: number;
        compute: number;
        wait: number;
        incidents: number;
        incident: string;
      }[];
      dropped?: Record<string, number> | undefined;
    }
    | {
      /** Metrics of a linear model of n-grams on the same rows, which the LSTM should exceed. */
      type: "baseline";
      validation: { loss: number; accuracy: number };
      test?: { loss: number; accuracy: number } | undefined;
      seconds: number;
      refitRows?: number | undefined;
    }
    | (
      & { type: "stream"; segment: number; skipped: number; drifts: number[]; rows: number; rowsPerSecond: number }
      & { accuracy: number | null; history: { rows: number; accuracy: number | null; rowsPerSecond: number }[] }
    )
    | { type: "stopping"; reason: string }
    | { type: "finished"; summary: Summary }
    | { type: "failed"; error: string }
  );
