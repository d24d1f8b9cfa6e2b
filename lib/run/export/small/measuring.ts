/**
 * Measures small forms of a model on the validation rows of its run. The n-grams that a run keeps are usually fitted to these
 * rows as well. Others, fitted only to the training rows, then stand for them, so that what is measured holds for new rows.
 */
import { errorMessage, InputError } from "../../../base/errors.ts";
import type { RowMetrics } from "../../../base/row_metrics.ts";
import { inTurns } from "../../../base/turns.ts";
import { resolveConfig } from "../../../config/resolve.ts";
import type { TrainingConfig } from "../../../config/schema.ts";
import { UNKNOWN } from "../../../data/vocabulary/vocabulary.ts";
import { evaluatePredictions } from "../../../model/evaluation.ts";
import { evaluateSeveral } from "../../../model/several_evaluation.ts";
import type { LinearCombination } from "../../../ngrams/combine.ts";
import { predictRows } from "../../../ngrams/evaluate.ts";
import { type LinearModel, withScores } from "../../../ngrams/model.ts";
import { type Pool, poolProbabilities } from "../../../ngrams/pool.ts";
import type { BaselineStart } from "../../../ngrams/thread.ts";
import { type Baseline, trainBaseline } from "../../../ngrams/train.ts";
import { predictEncoded } from "../../../predict/predict_encoded.ts";
import type { ModelVersion, TrainedModel } from "../../../predict/trained_model.ts";
import { decodeModel } from "../../../standalone/model_file.ts";
import { checkData, manifestSource, readManifest } from "../../files/manifest.ts";
import { baselineOptions, choosePool, findThresholds, ngramRows } from "../../training/combining.ts";
import { readDataAgain } from "../../training/reload_data.ts";
import type { RunData } from "../../training/run_data.ts";
import type { Fitted } from "./fit.ts";
import { withWords } from "./smaller.ts";

/** Where the validation rows of a model are. */
export type ModelRows =
  /** In the files of the run in a directory, if it is at hand. */
  | { readonly directory: string | undefined }
  /** In memory, with the config of the run. */
  | {
    readonly rows: RunData;
    readonly config: TrainingConfig;
    /** Fits n-grams elsewhere, as that takes seconds; returns undefined if it was stopped. */
    readonly fit: (start: Omit<BaselineStart, "signals">) => Promise<Pick<Baseline, "model"> | undefined>;
  };

/** Metrics of answers to the validation rows. */
type Quality = Pick<RowMetrics, "loss" | "accuracy" | "macroF1"> & {
  /** The metric that a report has. */
  readonly shown: number;
};

/** Says how good a small form of a model is. */
export interface Measured {
  readonly words: number | undefined;
  readonly quality: Quality;
  /** The version of the run's model, with thresholds and a combination that suit the small form. */
  readonly version: ModelVersion;
}

export interface Measuring {
  /** The model, with n-grams that are not fitted to the validation rows. */
  readonly model: TrainedModel;
  /** The metric that a report has. */
  readonly metric: string;
  readonly before: Quality;
  /** Measures a form of `model`. */
  readonly measure: (fitted: Fitted) => Promise<Measured>;
}

/** Opens the rows, which may be read again from files. Returns why nothing can be measured if they are not at hand. */
export async function openMeasuring(model: TrainedModel, from: ModelRows): Promise<Measuring | string> {
  if ("rows" in from) return await measuring(model, from.rows, from.config, from.fit);
  const { directory } = from;
  if (directory === undefined) return "its run is not at hand";
  if (model.config.task !== "table") return "the run has no validation rows of files";
  try {
    const manifest = await readManifest(directory);
    const config = resolveConfig(undefined, [manifestSource(directory, manifest)]);
    if (config.data.includes("-")) return "the rows of the run are not in a file";
    const { data, source } = await readDataAgain(directory, config, manifest.rules);
    checkData(manifest, data?.digest);
    const fit: Fit = ({ training, validation, ...options }) =>
      Promise.resolve(trainBaseline(training, validation, options));
    if (data && source) return await measuring(model, { data, source }, config, fit);
    return "the run has no validation rows of files";
  } catch (error) {
    if (error instanceof InputError) return errorMessage(error);
    throw error;
  }
}

type Fit = Extract<ModelRows, { readonly fit: unknown }>["fit"];

async function measuring(
  model: TrainedModel,
  rows: RunData,
  config: TrainingConfig,
  fit: Fit,
): Promise<Measuring> {
  const { labels, version: { ngrams: _, ...lstmOnly } } = model;
  const { validation } = rows.data;
  const own = linearOf(model);
  const whole = await predictEncoded({ ...model, version: lstmOnly }, validation);
  const standing = own && await standIn(own, whole, rows, config, fit);
  const answers = standing
    ? await pooled(whole, standing, { ...standing, lstm: standing.exponent, ngrams: 1 }, rows)
    : whole;
  const evaluate = (probabilities: Float32Array) => {
    const { missed: _, ...found } = findThresholds(validation, probabilities, labels.length, config);
    const { several, macroF1, accuracy, loss } = found.thresholds
      ? evaluateSeveral(labels, validation, probabilities, found.thresholds)
      : evaluatePredictions(labels, validation.labels, probabilities);
    const shown = several?.microF1 ?? (config.metric === "macro-f1" ? macroF1 : accuracy);
    return { found, quality: { shown, loss, accuracy, macroF1 } };
  };
  return {
    model: { ...model, version: { ...lstmOnly, ngrams: standing } },
    metric: validation.labelOffsets ? "micro-F1" : config.metric === "macro-f1" ? "macro-F1" : "accuracy",
    before: evaluate(answers).quality,
    async measure({ bytes, words }) {
      const { weights, ngrams } = await decodeModel(bytes);
      const { config: { vocabulary, ...others } } = words === undefined ? model : withWords(model, words);
      const tokens = validation.tokens.map((token) => token < vocabulary ? token : UNKNOWN);
      const small = { config: { vocabulary, ...others }, labels, version: { ...lstmOnly, weights } };
      const lstm = await predictEncoded(small, { ...validation, tokens });
      const kept = own && ngrams && "exponent" in ngrams
        ? { ...ngrams.model, vocabulary: own.model.vocabulary }
        : undefined;
      const pool = kept && await choosePool(lstm, ngramsOf(kept, rows), rows, config);
      const { found, quality } = evaluate(pool ? await pooled(lstm, { model: kept }, pool, rows) : lstm);
      return {
        words,
        quality,
        version: { ...lstmOnly, ...found, ...own && pool && { ngrams: rescaled(own.model, pool) } },
      };
    },
  };
}

function linearOf({ version: { ngrams } }: TrainedModel): LinearCombination | undefined {
  return ngrams && "exponent" in ngrams ? ngrams : undefined;
}

/** Returns n-grams that are not fitted to the validation rows: those of the run if these rows are from a file of their own. */
async function standIn(
  own: LinearCombination,
  lstm: Float32Array,
  rows: RunData,
  config: TrainingConfig,
  fit: Fit,
): Promise<LinearCombination> {
  if (typeof config.validation !== "number") return own;
  const options = { ...baselineOptions(rows, config), fitsValidation: false, validatesApart: true };
  const baseline = await fit({ training: ngramRows(rows), validation: rows.data.validation, ...options });
  if (!baseline) throw new Error("The fit of n-grams was stopped");
  const { model } = baseline;
  return rescaled(model, await choosePool(lstm, ngramsOf(model, rows), rows, config));
}

/** Returns the n-grams whose scores have the factor and the offsets of `pool`. */
function rescaled(model: LinearModel, { lstm, ngrams, share, offsets }: Pool): LinearCombination {
  return { model: withScores(model, ngrams, offsets), exponent: lstm, share };
}

/** Predicts the validation rows by n-grams, `[rows, classes]`. */
function ngramsOf(model: LinearModel, { data: { validation } }: RunData): Float32Array {
  return predictRows(model, validation, () => false) ?? new Float32Array(0);
}

/** Predicts the validation rows by both, `[rows, classes]`. */
async function pooled(
  lstm: Float32Array,
  { model }: Pick<LinearCombination, "model">,
  pool: Pool,
  rows: RunData,
): Promise<Float32Array> {
  const labels = model.labels && { labels: model.labels };
  return await inTurns(poolProbabilities(lstm, ngramsOf(model, rows), model.classes, { ...pool, ...labels }));
}
