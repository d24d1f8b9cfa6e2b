/**
 * Reads inputs and predicts them with an engine, in batches, in the thread that calls it: the prediction thread, a
 * command, or the evaluation of a run; by several versions of the weights.
 */
import type { Rows } from "../data/batches/fill_batch.ts";
import { openPreprocessing } from "../data/encode/open_preprocessing.ts";
import { tokenKeysOf } from "../data/encode/preprocessing.ts";
import type { TokenKeys } from "../data/vocabulary/token_keys.ts";
import { remember } from "../base/remember.ts";
import { engineOptions } from "../engine/create_engine.ts";
import type { NativeLibrary } from "../engine/contract.ts";
import type { PredictionRoom } from "../engine/forward_room.ts";
import { createWorkspace } from "../engine/workspace.ts";
import { parameterLayout } from "../model/layout.ts";
import { trainedModel } from "../model/task_model.ts";
import { withWordVectors } from "../model/word_vectors.ts";
import { createCombiner } from "../ngrams/combine.ts";
import { prediction, thresholdsFor } from "../standalone/answers.ts";
import { openReading, type Read, readAll, type Reading } from "../standalone/readings.ts";
import { explainInput, explainReading, type NumberedReasons, type RowReasons } from "../standalone/explain.ts";
import { mostVectors, SequencePredictor } from "../standalone/sequence_predictor.ts";
import type { BatchOptions, Outcome, PredictMessage } from "./protocol.ts";
import { liveVersion, type ModelVersion, type Newest, type TrainedModel } from "./trained_model.ts";
import type { Input, Prediction, PredictOptions } from "./types.ts";

/** Versions beside the newest whose weights are kept. */
export const KEPT_VERSIONS = 4;

/** Ids have no flags, and can always be read. */
const ALL_READ: Pick<Outcome, "flags" | "unread"> = { flags: [], unread: [] };

/** Stands for the reasons of an input that could not be read. */
const NO_REASONS: NumberedReasons = { one: 0, other: 0, logOdds: 0, rest: 0, tokens: [], ngrams: [] };

export class BatchPredictor {
  readonly #options: BatchOptions;
  readonly #predictor: SequencePredictor;
  readonly #read: Read;
  /** Keys of the known words, for models whose words have letters. */
  readonly #known: TokenKeys | undefined;
  #loaded: ModelVersion | undefined;
  #newest: (() => ModelVersion) | undefined;
  readonly #kept = new Map<number, ModelVersion>();

  private constructor(options: BatchOptions, room: PredictionRoom) {
    this.#options = options;
    const { spec, preprocessing, maxBatch } = options;
    this.#predictor = new SequencePredictor(spec, room, maxBatch);
    this.#read = openReading(preprocessing && openPreprocessing(preprocessing));
    if (spec.letterRows > 0) this.#known = preprocessing && tokenKeysOf(preprocessing);
  }

  /** Creates the engine. Throws what that throws, and an InputError for a tokenizer that cannot be used. */
  static async open(options: BatchOptions): Promise<BatchPredictor> {
    const { config, spec, maxBatch, maxLength, native } = options;
    const layout = parameterLayout(spec);
    const maxVectors = mostVectors(spec, maxBatch, maxLength);
    const engineNeeds = engineOptions(config, { spec, layout }, maxBatch, maxLength, { maxVectors, native });
    const { engine, batch, floats } = await createWorkspace(engineNeeds, { floats: layout.size, batches: 1 });
    return new BatchPredictor(options, { engine, batch: batch(maxBatch, maxLength), weights: floats(layout.size) });
  }

  /** Sets where the newest version is. */
  setNewest(newest: Newest): void {
    if ("memory" in newest) {
      this.#newest = liveVersion(newest, { ...this.#options, known: this.#known }, () => performance.now());
      this.#predictor.setCombiner(undefined);
    } else {
      this.#newest = () => newest;
      // Combines n-grams with every version of a finished model's LSTM.
      this.#predictor.setCombiner(newest.ngrams && createCombiner(newest.ngrams));
    }
  }

  /** Keeps a version of weights that are as training has them, and drops the one kept longest if there are too many. */
  keep({ weights, ...version }: ModelVersion): void {
    remember(
      this.#kept,
      version.round,
      { ...version, weights: withWordVectors(weights, this.#options.spec, this.#known) },
      KEPT_VERSIONS,
    );
  }

  /**
   * Predicts all inputs with one version of the weights: the newest, or that of round `version`. Throws a RangeError if
   * the version is not kept. With `explain` there are reasons for each, of models of files.
   */
  predict(
    inputs: PredictMessage["inputs"],
    { version, explain }: Pick<PredictMessage, "version" | "explain"> = {},
  ): Outcome {
    const begun = performance.now();
    const { round, digest } = this.#load(version);
    const { sequences, ...read } = "offsets" in inputs
      ? { sequences: inputs, ...ALL_READ }
      : readAll(inputs, this.#read, this.#predictor.keepsUnknown);
    const probabilities = this.#predictor.predict(sequences);
    const reasons = explain && !("offsets" in inputs) ? { reasons: this.#explain(inputs, read.unread) } : undefined;
    return { round, digest, probabilities, ...read, ...reasons, computeMs: performance.now() - begun };
  }

  /** Explains why the newest version gives a row class `one` rather than class `other`. */
  explainRow(reading: Reading, pair: readonly [one: number, other: number]): RowReasons {
    this.#load(undefined);
    return explainReading(this.#predictor, reading, pair);
  }

  #explain(inputs: readonly Input[], unread: Outcome["unread"]): NumberedReasons[] {
    const isEnd = this.#options.preprocessing?.truncate === "start";
    return inputs.map((input, row) =>
      unread.some((one) => one.row === row) ? NO_REASONS : explainInput(this.#predictor, this.#read, input, isEnd)
    );
  }

  /**
   * Predicts `rows` in the order that `order` lists, by the newest version, and stops after each batch so that the caller
   * can give others their turn. Writes the probabilities of row r to `probabilities` from `r * classes` on.
   */
  *predictRows(rows: Rows, order: Uint32Array, probabilities: Float32Array): Generator<void, void, void> {
    this.#load(undefined);
    yield* this.#predictor.predictRows(rows, order, probabilities);
  }

  /** Gives the engine the weights of a version. */
  #load(version: number | undefined): ModelVersion {
    const chosen = version === undefined ? this.#newest?.() : this.#kept.get(version);
    if (!chosen) throw new RangeError(`The weights of round ${version ?? "…"} are not kept`);
    if (chosen !== this.#loaded) this.#predictor.setWeights(chosen.weights);
    return this.#loaded = chosen;
  }
}

/**
 * Opens a saved model for a caller that has nothing else to do meanwhile. The function it returns classifies inputs,
 * `batchMax` in a batch, and throws an Error for an input that cannot be read. Throws an InputError if the model does not
 * reach the precision `reject`.
 */
export async function openSaved(
  { config, labels, version, preprocessing }: Omit<TrainedModel, "run">,
  batchMax = 256,
  { reject, explain, ...wanted }: Omit<PredictOptions, "version" | "signal"> = {},
  native?: NativeLibrary,
): Promise<(inputs: readonly Input[]) => Prediction[]> {
  const { spec } = trainedModel(config, labels);
  const answers = { ...wanted, ...thresholdsFor({ several: config.labels === "many", labels, ...version }, reject) };
  const options = { config, spec, preprocessing, maxBatch: batchMax, maxLength: config.length, native };
  const predictor = await BatchPredictor.open(options);
  predictor.setNewest(version);
  return (inputs) => {
    const outcome = predictor.predict(inputs, { explain });
    if (outcome.unread.length > 0) throw new Error(outcome.unread[0]!.error);
    return inputs.map((_, row) => prediction(outcome, row, labels, answers));
  };
}
