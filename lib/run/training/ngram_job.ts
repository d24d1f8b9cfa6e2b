/** What a run on files does beside training: n-grams at its side, and at the end the model put together and judged. */
import { join } from "node:path";
import { bestShare, type Combination, mixInto } from "../../ngrams/mix.ts";
import type { BaselineModel } from "../../ngrams/model.ts";
import type { LoadedPart } from "../../data/encode/assemble.ts";
import { openPreprocessing } from "../../data/encode/preprocessing.ts";
import { evaluatePredictions } from "../../model/evaluation.ts";
import { type BaselineResult, type BaselineStart, type BaselineTask, startBaseline } from "../../ngrams/thread.ts";
import type { TrainingConfig } from "../../config/schema.ts";
import { classWeightsOf } from "../../data/batches/class_weights.ts";
import type { TrainingData } from "../../data/batches/table.ts";
import { errorMessage } from "../../base/errors.ts";
import type { NewEvent, Summary } from "../../base/events.ts";
import { jsonBytes, writeWhole } from "../files/files.ts";
import { figuresOf, judgeBy } from "../evaluation/evaluate_rows.ts";
import type { Judgements } from "../files/evaluation_schema.ts";
import { sha256 } from "../../base/sha256.ts";
import { predictByNgrams, predictTable } from "../../predict/predict_table.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";
import type { DataSource, RunData } from "./reload_data.ts";

export interface FileWorkOptions extends RunData {
  readonly config: Pick<TrainingConfig, "seed" | "ngrams" | "classWeights">;
  /** The module that the baseline's thread runs; without it there is no baseline. */
  readonly baselineUrl: URL | undefined;
  /** After which a thread that shows no sign of life is lost. */
  readonly timeoutMs: number;
  /** Whether an earlier process of the run told of the baseline. */
  readonly isTold: boolean;
  readonly append: (event: NewEvent) => void;
}

/** What a run on files ends with, beside its LSTM. */
export interface Finish {
  readonly ngrams?: Combination;
  /** Whether it was stopped before the n-grams were done. */
  readonly isCut: boolean;
  readonly figures: Pick<Summary, "validation" | "test" | "lstm" | "baseline" | "judgementDigest">;
}

export class FileWork {
  readonly #options: FileWorkOptions;
  #task: BaselineTask | undefined;
  #stopped = false;
  #baseline: Promise<BaselineResult | undefined> = Promise.resolve(undefined);

  constructor(options: FileWorkOptions) {
    this.#options = options;
  }

  /** Starts the baseline, of which the log is told when it is done. */
  start(): void {
    const { baselineUrl, source, config: { ngrams }, timeoutMs, isTold, append } = this.#options;
    if (!baselineUrl || ngrams === "none" || this.#stopped) return;
    this.#task = startBaseline(baselineUrl, this.#baselineStart(source.test?.table), timeoutMs);
    this.#baseline = this.#task.result.then((result) => {
      if (result && !isTold) append({ type: "baseline", ...result.metrics });
      return result;
    }, (error) => {
      append({ type: "incident", message: `There is no baseline: ${errorMessage(error)}` });
      return undefined;
    });
  }

  /** Ends the baseline, if it is under way, without a result. */
  stop(): void {
    this.#stopped = true;
    this.#task?.stop();
  }

  /**
   * Puts the finished model together from `model`, the LSTM, and the n-grams, judges it by the rows that were kept from
   * training, and writes all of that to `judgement.json` in `directory`.
   */
  async finish(directory: string, model: TrainedModel): Promise<Finish> {
    const { source, config, baselineUrl, append } = this.#options;
    const baseline = await this.#baseline;
    const isCombined = config.ngrams === "combine";
    if (isCombined && baselineUrl && !baseline) {
      append({ type: "incident", message: "The model is the LSTM alone: its n-grams were not done in time" });
    }
    const { ngrams, judgements, lstm } = await finishModel(
      model,
      isCombined ? baseline?.model : undefined,
      source,
      this.#classWeights(),
    );
    const bytes = jsonBytes(judgements);
    await writeWhole(join(directory, "judgement.json"), bytes);
    const { validation, test } = judgements;
    return {
      ...ngrams && { ngrams },
      isCut: this.#stopped && baselineUrl !== undefined && config.ngrams !== "none" && !baseline,
      figures: {
        validation: figuresOf(validation),
        ...test && { test: figuresOf(test) },
        ...lstm && { lstm },
        ...baseline && { baseline: baseline.metrics },
        judgementDigest: await sha256(bytes),
      },
    };
  }

  #baselineStart(test: TrainingData["validation"] | undefined): Omit<BaselineStart, "signals"> {
    const { data: { training, validation, labels, vocabulary }, config: { seed } } = this.#options;
    const classWeights = this.#classWeights();
    const rows = { training, validation, ...test && { test } };
    return { ...rows, classes: labels.length, vocabulary, seed, ...classWeights && { classWeights } };
  }

  /** What a row of each class counts, for the n-grams and the share as it does for the LSTM. */
  #classWeights(): Float32Array | undefined {
    const { data: { training, labels }, config: { classWeights } } = this.#options;
    return classWeightsOf(classWeights, training.labels, labels.length);
  }
}

/**
 * Combines `model`, an LSTM, with `ngrams`, if there are any. The share of each is the one of least loss on the
 * validation rows, which count as `classWeights` have their classes; the test rows decide nothing.
 */
async function finishModel(
  model: TrainedModel,
  ngrams: BaselineModel | undefined,
  source: DataSource,
  classWeights: Float32Array | undefined,
): Promise<{
  readonly ngrams?: Combination;
  /** Of the model that predicts. */
  readonly judgements: Judgements;
  /** Of the LSTM by itself, if there are n-grams to combine it with. */
  readonly lstm?: NonNullable<Summary["lstm"]>;
}> {
  const preprocessing = openPreprocessing(source.preprocessing);
  const { labels } = model;
  const validation = await predictParts(model, ngrams, source.validation);
  const test = source.test && await predictParts(model, ngrams, source.test);
  const share = validation.ngrams
    ? bestShare(validation.lstm, validation.ngrams, validation.part.table.labels, classWeights)
    : 1;
  const judge = ({ part, lstm, ngrams }: Parts) => {
    const probabilities = lstm.slice();
    if (ngrams && share < 1) mixInto(probabilities, ngrams, share);
    return judgeBy(probabilities, labels, part, preprocessing);
  };
  const judgements = { validation: judge(validation), ...test && { test: judge(test) } };
  if (!ngrams) return { judgements };
  const judgeLstm = ({ part, lstm }: Parts) => figuresOf(evaluatePredictions(labels, part.table.labels, lstm));
  const lstm = { share, validation: judgeLstm(validation), ...test && { test: judgeLstm(test) } };
  return { ...share < 1 && { ngrams: { model: ngrams, share } }, judgements, lstm };
}

/** What each part of the model says of some rows, `[rows, classes]`. */
interface Parts {
  readonly part: LoadedPart;
  readonly lstm: Float32Array;
  readonly ngrams: Float64Array | undefined;
}

async function predictParts(model: TrainedModel, ngrams: BaselineModel | undefined, part: LoadedPart): Promise<Parts> {
  const lstm = await predictTable(model, part.table);
  return { part, lstm, ngrams: ngrams && await predictByNgrams(ngrams, part.table) };
}
