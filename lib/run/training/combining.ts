/** Says how the n-grams of a run on files are fitted and combined with its LSTM, and chooses the thresholds of both together. */
import { counted } from "../../base/counted.ts";
import { inTurns } from "../../base/turns.ts";
import type { Config } from "../../config/schema.ts";
import { wantedPrecision } from "../../config/threshold_for.ts";
import { classWeightsOf, countLabels } from "../../data/batches/class_weights.ts";
import type { RowLabels, TrainingData } from "../../data/batches/table.ts";
import { tokenKeysOf } from "../../data/encode/preprocessing.ts";
import { rankRows, rejectionPoints } from "../../model/coverage.ts";
import { type Rejection, thresholdFor } from "../../model/rejection.ts";
import { chooseThresholds } from "../../model/thresholds.ts";
import { ngramSpace } from "../../ngrams/features.ts";
import { fitOffsets, fitPool, type Pool, poolProbabilities } from "../../ngrams/pool.ts";
import type { BaselineOptions } from "../../ngrams/train.ts";
import type { RunData } from "./run_data.ts";

type FitConfig = Pick<Config, "seed" | "classWeights" | "metric" | "validation" | "groupColumn" | "timeColumn">;

/**
 * Returns the training rows of n-grams. A run that continues from another one fits them to all rows of both: that takes less
 * time than training an LSTM on them, and nothing is forgotten.
 */
export function ngramRows({ data, source }: RunData): TrainingData["training"] {
  return source.all ?? data.training;
}

/** Returns how the n-grams of a run are fitted. */
export function baselineOptions(
  { data, source }: RunData,
  config: FitConfig,
): Omit<BaselineOptions, "stopped"> {
  const { labels, vocabulary, letters } = data;
  const { preprocessing, statistics } = source;
  const { kind } = preprocessing.tokenizer;
  // Words that only a file of vectors has are no reason for other n-grams.
  const ofRows = vocabulary - (statistics.vocabulary.vectors?.others ?? 0);
  const classWeights = classWeightsOf(config.classWeights, ngramRows({ data, source }).labels, labels.length);
  return {
    ...source.parent && { isQuick: true },
    space: ngramSpace(kind, ofRows),
    classes: labels.length,
    vocabulary: letters ?? tokenKeysOf(preprocessing),
    seed: config.seed,
    metric: config.metric,
    // Rows of a file that the user keeps apart stay apart.
    fitsValidation: typeof config.validation === "number",
    ...(config.groupColumn !== "" || config.timeColumn !== "") && { validatesApart: true },
    ...source.vectors && { vectors: source.vectors },
    ...classWeights && { classWeights },
  };
}

/**
 * Chooses how the LSTM and the n-grams are combined, by their probabilities of the validation rows, `[rows, classes]`: for the
 * lowest loss, weighted by class as in training, and then for the macro-F1 if that is the metric. For the accuracy no other
 * choice was better on new rows.
 */
export async function choosePool(
  lstm: Float32Array,
  ngrams: Float32Array,
  run: RunData,
  { metric, classWeights }: Pick<Config, "metric" | "classWeights">,
): Promise<Pool> {
  const { validation: { labels, labelOffsets }, labels: { length: classes } } = run.data;
  const training = ngramRows(run);
  const weights = classWeightsOf(classWeights, training.labels, classes);
  const pool = await inTurns(fitPool(lstm, ngrams, labels, weights, labelOffsets));
  if (metric !== "macro-f1" || labelOffsets) return pool;
  const pooled = await inTurns(poolProbabilities(lstm, ngrams, classes, pool));
  return { ...pool, offsets: await inTurns(fitOffsets(pooled, labels, countLabels(training.labels, classes))) };
}

/** The thresholds of a model, of which it has one kind. */
export interface FoundThresholds {
  readonly rejection?: Rejection;
  /** `[labels]`, where a row may have several labels. */
  readonly thresholds?: readonly number[];
  /** Says that the wanted precision is not reached: the highest one is. */
  readonly missed?: string;
}

/** Finds the thresholds by the answers to the validation rows, `[rows, classes]`. */
export function findThresholds(
  table: RowLabels,
  probabilities: Float32Array,
  classes: number,
  { reject, thresholdFor: aim }: Pick<Config, "reject" | "thresholdFor">,
): FoundThresholds {
  if (table.labelOffsets) {
    const wanted = wantedPrecision(aim);
    const { thresholds, missed } = chooseThresholds(table, probabilities, classes, wanted);
    if (missed === 0) return { thresholds };
    const message = `${counted(missed, "label does", "labels do")} not reach a precision of ${wanted} on the ` +
      "validation rows. Each of them has the threshold of its highest one";
    return { thresholds, missed: message };
  }
  const points = rejectionPoints(rankRows(table.labels, probabilities));
  try {
    return { rejection: { threshold: thresholdFor(points, reject), points } };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const rejection = { threshold: points.at(-1)?.threshold ?? 0, points };
    return { rejection, missed: `${error.message}. The model has the threshold for that` };
  }
}
