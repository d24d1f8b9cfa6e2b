/**
 * Trains n-grams in a thread of their own while a run on files trains its LSTM, and finishes the model: combines both
 * where that is better, and evaluates the result.
 */
import { join } from "node:path";
import { errorMessage } from "../../base/errors.ts";
import type { NewEvent, Summary } from "../../base/events.ts";
import { sha256 } from "../../base/sha256.ts";
import { inTurns } from "../../base/turns.ts";
import type { rowShape } from "../../config/data_shape.ts";
import type { Config } from "../../config/schema.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import type { LoadedPart } from "../../data/encode/assemble.ts";
import { openPreprocessing } from "../../data/encode/open_preprocessing.ts";
import { evaluatePredictions, type Evaluations } from "../../model/evaluation.ts";
import type { Rejection } from "../../model/rejection.ts";
import { evaluateSeveral } from "../../model/several_evaluation.ts";
import { chooseThresholds } from "../../model/thresholds.ts";
import type { Combination } from "../../ngrams/combine.ts";
import { withScores } from "../../ngrams/model.ts";
import { poolProbabilities } from "../../ngrams/pool.ts";
import { type BaselineResult, type BaselineStart, type BaselineTask, startBaseline } from "../../ngrams/thread.ts";
import { predictEncoded } from "../../predict/predict_encoded.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";
import { confusedClasses, evaluateProbabilities, metricsOf } from "../evaluation/evaluate_rows.ts";
import { jsonBytes, writeWhole } from "../files/files.ts";
import { beforeAndAfter } from "./before_and_after.ts";
import { baselineOptions, choosePool, findThresholds, ngramRows } from "./combining.ts";
import { ownRows, type RunData } from "./run_data.ts";

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
  readonly metrics: Pick<Summary, "validation" | "test" | "rows" | "lstm" | "baseline" | "parent" | "judgementDigest">;
}

export class NgramJob {
  readonly #options: NgramJobOptions;
  #task: BaselineTask | undefined;
  #stopped = false;
  #baseline: Promise<BaselineResult | undefined> = Promise.resolve(undefined);

  constructor(options: NgramJobOptions) {
    this.#options = options;
  }

  get #start(): Omit<BaselineStart, "signals"> {
    const { data: { validation }, source } = this.#options;
    const test = source.test && { test: source.test.table };
    const training = ngramRows(this.#options);
    return { training, validation, ...test, ...baselineOptions(this.#options, this.#options.config) };
  }

  /** Starts the thread, and logs the baseline when it is done. */
  start(): void {
    const { baselineUrl, config: { ngrams }, timeoutMs, isLogged, append } = this.#options;
    if (!baselineUrl || ngrams === "none" || this.#stopped) return;
    this.#task = startBaseline(baselineUrl, this.#start, timeoutMs);
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
    );
    const { part: { table }, probabilities } = predicted.validation;
    const { missed, ...chosen } = findThresholds(table, probabilities, model.labels.length, config);
    if (missed) append({ type: "incident", message: missed });
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
    const parent = await beforeAndAfter(this.#options, probabilities, this.#options.native);
    return {
      ...ngrams && { ngrams },
      ...chosen,
      isCut: this.#stopped && baselineUrl !== undefined && config.ngrams !== "none" && !baseline,
      metrics: {
        validation: { ...metricsOf(validation), confused: confusedClasses(validation) },
        ...test && { test: { ...metricsOf(test), confused: confusedClasses(test) } },
        rows: ownRows(source),
        ...lstm && { lstm },
        ...baseline && { baseline: baseline.metrics },
        ...parent && { parent },
        judgementDigest: await sha256(bytes),
      },
    };
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
  { source, data, native, config }: Pick<NgramJobOptions, "source" | "data" | "native" | "config">,
): Promise<Combined> {
  const { labels } = model;
  const validation = await predictRows(model, ngrams?.validation, source.validation, native);
  const test = source.test && await predictRows(model, ngrams?.test, source.test, native);
  const pool = ngrams && await choosePool(validation.lstm, ngrams.validation, { data, source }, config);
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

async function predictRows(
  model: TrainedModel,
  ngrams: Float32Array | undefined,
  part: LoadedPart,
  native: NativeLibrary | undefined,
): Promise<Predicted> {
  return { part, lstm: await predictEncoded(model, part.table, native), ngrams };
}
