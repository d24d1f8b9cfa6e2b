/**
 * Trains n-grams in a thread of their own while a run on files trains its LSTM, and finishes the model: combines both
 * where that is better, and evaluates the result.
 */
import { join } from "node:path";
import { counted } from "../../base/counted.ts";
import { errorMessage } from "../../base/errors.ts";
import type { NewEvent, Summary } from "../../base/events.ts";
import { sha256 } from "../../base/sha256.ts";
import { inTurns } from "../../base/turns.ts";
import type { rowShape } from "../../config/data_shape.ts";
import type { Config } from "../../config/schema.ts";
import { wantedPrecision } from "../../config/threshold_for.ts";
import { classWeightsOf, countLabels } from "../../data/batches/class_weights.ts";
import type { TrainingData } from "../../data/batches/table.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import type { LoadedPart } from "../../data/encode/assemble.ts";
import { openPreprocessing } from "../../data/encode/open_preprocessing.ts";
import { tokenKeysOf } from "../../data/encode/preprocessing.ts";
import { rankRows, rejectionPoints } from "../../model/coverage.ts";
import { evaluatePredictions, type Evaluations } from "../../model/evaluation.ts";
import { type Rejection, thresholdFor } from "../../model/rejection.ts";
import { evaluateSeveral } from "../../model/several_evaluation.ts";
import { chooseThresholds } from "../../model/thresholds.ts";
import type { Combination } from "../../ngrams/combine.ts";
import { withScores } from "../../ngrams/model.ts";
import { fitOffsets, fitPool, type Pool, poolProbabilities } from "../../ngrams/pool.ts";
import { ngramSpace } from "../../ngrams/features.ts";
import { type BaselineResult, type BaselineStart, type BaselineTask, startBaseline } from "../../ngrams/thread.ts";
import { predictEncoded } from "../../predict/predict_encoded.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";
import { confusedClasses, evaluateProbabilities, metricsOf } from "../evaluation/evaluate_rows.ts";
import { jsonBytes, writeWhole } from "../files/files.ts";
import type { RunData } from "./reload_data.ts";

interface NgramJobOptions extends RunData {
  readonly config:
    & Pick<Config, "seed" | "ngrams" | "classWeights" | "metric" | "validation" | "groupColumn" | "timeColumn">
    & Pick<Config, "reject" | "thresholdFor" | keyof typeof rowShape>;
  /** The module that the thread of n-grams runs; without it there are none. */
  readonly baselineUrl: URL | undefined;
  /** The native kernels of predictions, if there are any. */
  readonly native?: NativeLibrary | undefined;
  /** A thread that shows no sign of life for so long is lost. */
  readonly timeoutMs: number;
  /** Says whether an earlier process of the run logged the baseline. */
  readonly isLogged: boolean;
  readonly append: (event: NewEvent) => void;
}

/** The outcome of a run on files, besides its LSTM. */
interface Finish {
  /** Absent where the LSTM predicts by itself. */
  readonly ngrams?: Combination;
  readonly rejection?: Rejection;
  /** `[labels]`, where a row may have several labels. */
  readonly thresholds?: readonly number[];
  /** Says whether the job was stopped before the n-grams were done. */
  readonly isCut: boolean;
  readonly metrics: Pick<Summary, "validation" | "test" | "lstm" | "baseline" | "judgementDigest">;
}

export class NgramJob {
  readonly #options: NgramJobOptions;
  #task: BaselineTask | undefined;
  #stopped = false;
  #baseline: Promise<BaselineResult | undefined> = Promise.resolve(undefined);

  constructor(options: NgramJobOptions) {
    this.#options = options;
  }

  /** Starts the thread, and logs the baseline when it is done. */
  start(): void {
    const { baselineUrl, source, config: { ngrams }, timeoutMs, isLogged, append } = this.#options;
    if (!baselineUrl || ngrams === "none" || this.#stopped) return;
    this.#task = startBaseline(baselineUrl, this.#baselineStart(source.test?.table), timeoutMs);
    this.#baseline = this.#task.result.then((result) => {
      if (result && !isLogged) append({ type: "baseline", ...result.metrics });
      return result;
    }, (error) => {
      append({ type: "incident", message: `There is no baseline: ${errorMessage(error)}` });
      return undefined;
    });
  }

  /** Ends the thread, if it still trains, without a result. */
  stop(): void {
    this.#stopped = true;
    this.#task?.stop();
  }

  /**
   * Combines `model`, an LSTM, with the n-grams, evaluates both on the validation and test rows, and writes the result to
   * `judgement.json` in `directory`.
   */
  async finish(directory: string, model: TrainedModel): Promise<Finish> {
    const { source, config, baselineUrl, append } = this.#options;
    const baseline = await this.#baseline;
    const isCombined = config.ngrams === "combine";
    if (isCombined && baselineUrl && !baseline) {
      append({ type: "incident", message: "The model is only the LSTM: its n-grams were not done in time" });
    }
    const { ngrams, lstm, predicted } = await combine(
      model,
      isCombined ? baseline : undefined,
      this.#options,
      this.#classWeights(),
    );
    const isMany = this.#options.data.training.labelOffsets !== undefined;
    const chosen = isMany
      ? { thresholds: this.#chooseThresholds(predicted.validation, model.labels.length) }
      : { rejection: this.#chooseThreshold(predicted.validation) };
    const preprocessing = openPreprocessing(source.preprocessing);
    const reading = { preprocessing, options: config, threshold: chosen.rejection?.threshold ?? 0, ...chosen };
    const evaluate = ({ part, probabilities }: Answered) =>
      evaluateProbabilities(probabilities, model.labels, { part, ...reading });
    const evaluations: Evaluations = {
      validation: await evaluate(predicted.validation),
      ...predicted.test && { test: await evaluate(predicted.test) },
    };
    const bytes = jsonBytes(evaluations);
    await writeWhole(join(directory, "judgement.json"), bytes);
    const { validation, test } = evaluations;
    return {
      ...ngrams && { ngrams },
      ...chosen,
      isCut: this.#stopped && baselineUrl !== undefined && config.ngrams !== "none" && !baseline,
      metrics: {
        validation: { ...metricsOf(validation), confused: confusedClasses(validation) },
        ...test && { test: { ...metricsOf(test), confused: confusedClasses(test) } },
        ...lstm && { lstm },
        ...baseline && { baseline: baseline.metrics },
        judgementDigest: await sha256(bytes),
      },
    };
  }

  /** Chooses the thresholds by the answers to the validation rows. If the wanted precision is not reached, the highest one is. */
  #chooseThreshold({ part: { table: { labels } }, probabilities }: Answered): Rejection {
    const { config: { reject }, append } = this.#options;
    const points = rejectionPoints(rankRows(labels, probabilities));
    try {
      return { threshold: thresholdFor(points, reject), points };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      append({ type: "incident", message: `${error.message}. The model has the threshold for that` });
      return { threshold: points.at(-1)?.threshold ?? 0, points };
    }
  }

  /** Chooses the threshold of each label by the answers to the validation rows. */
  #chooseThresholds({ part: { table }, probabilities }: Answered, labels: number): readonly number[] {
    const { config: { thresholdFor }, append } = this.#options;
    const wanted = wantedPrecision(thresholdFor);
    const { thresholds, missed } = chooseThresholds(table, probabilities, labels, wanted);
    if (missed > 0) {
      const message = `${counted(missed, "label does", "labels do")} not reach a precision of ${wanted} on the ` +
        "validation rows. Each of them has the threshold of its highest one";
      append({ type: "incident", message });
    }
    return thresholds;
  }

  #baselineStart(test: TrainingData["validation"] | undefined): Omit<BaselineStart, "signals"> {
    const { data: { training, validation, labels, vocabulary, letters }, source, config } = this.#options;
    const { preprocessing, statistics } = source;
    const { kind } = preprocessing.tokenizer;
    // Words that only a file of vectors has are no reason for other n-grams.
    const ofRows = vocabulary - (statistics.vocabulary.vectors?.others ?? 0);
    const classWeights = this.#classWeights();
    return {
      training,
      validation,
      ...test && { test },
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

  /** Returns the weight of each class's rows, for the n-grams and their share as for the LSTM. */
  #classWeights(): Float32Array | undefined {
    const { data: { training, labels }, config: { classWeights } } = this.#options;
    return classWeightsOf(classWeights, training.labels, labels.length);
  }
}

/** The probabilities of some rows by each of the two models, `[rows, classes]`. */
interface Predicted {
  readonly part: LoadedPart;
  readonly lstm: Float32Array;
  readonly ngrams: Float32Array | undefined;
}

/** The probabilities of some rows by the finished model, `[rows, classes]`. */
interface Answered {
  readonly part: LoadedPart;
  readonly probabilities: Float32Array;
}

interface Combined {
  readonly predicted: { readonly validation: Answered; readonly test?: Answered };
  readonly ngrams?: Combination;
  readonly lstm?: Summary["lstm"];
}

/**
 * Combines `model`, an LSTM, with `ngrams`, if there are any, and predicts the validation and test rows; the test rows decide
 * nothing. `lstm` has the metrics of the LSTM by itself, if there are n-grams.
 */
async function combine(
  model: TrainedModel,
  ngrams: BaselineResult | undefined,
  { source, data, native, config: { metric } }: Pick<NgramJobOptions, "source" | "data" | "native" | "config">,
  classWeights: Float32Array | undefined,
): Promise<Combined> {
  const { labels } = model;
  const validation = await predictRows(model, ngrams?.validation, source.validation, native);
  const test = source.test && await predictRows(model, ngrams?.test, source.test, native);
  const counts = metric === "macro-f1" ? countLabels(data.training.labels, labels.length) : undefined;
  const pool = await choosePool(validation, classWeights, counts);
  const answer = async ({ part, lstm, ngrams }: Predicted): Promise<Answered> => {
    const isPooled = pool && ngrams;
    return {
      part,
      probabilities: isPooled ? await inTurns(poolProbabilities(lstm, ngrams, labels.length, pool)) : lstm,
    };
  };
  const predicted = { validation: await answer(validation), ...test && { test: await answer(test) } };
  if (!ngrams || !pool) return { predicted };
  const evaluateLstm = ({ part, lstm }: Predicted) => {
    const { table } = part;
    return metricsOf(
      table.labelOffsets
        ? evaluateSeveral(labels, table, lstm, chooseThresholds(table, lstm, labels.length).thresholds)
        : evaluatePredictions(labels, table.labels, lstm),
    );
  };
  const { share, lstm: exponent } = pool;
  const lstm = { share, validation: evaluateLstm(validation), ...test && { test: evaluateLstm(test) } };
  return { ngrams: { share, exponent, model: withScores(ngrams.model, pool.ngrams, pool.offsets) }, predicted, lstm };
}

/**
 * Chooses how the two are combined: for the lowest loss on the validation rows, weighted by `classWeights`, and then for their
 * macro-F1 if there are the `counts` of the classes. For the accuracy no other choice was better on new rows.
 */
async function choosePool(
  { part: { table: { labels, labelOffsets } }, lstm, ngrams }: Predicted,
  classWeights: Float32Array | undefined,
  counts: Float64Array | undefined,
): Promise<Pool | undefined> {
  if (!ngrams) return undefined;
  const pool = await inTurns(fitPool(lstm, ngrams, labels, classWeights, labelOffsets));
  if (!counts || labelOffsets) return pool;
  const pooled = await inTurns(poolProbabilities(lstm, ngrams, counts.length, pool));
  return { ...pool, offsets: await inTurns(fitOffsets(pooled, labels, counts)) };
}

async function predictRows(
  model: TrainedModel,
  ngrams: Float32Array | undefined,
  part: LoadedPart,
  native: NativeLibrary | undefined,
): Promise<Predicted> {
  return { part, lstm: await predictEncoded(model, part.table, native), ngrams };
}
