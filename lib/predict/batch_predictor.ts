/**
 * Reads inputs and predicts them with an engine, in batches, in the thread that calls it: the prediction thread, a
 * command, or the evaluation of a run. All predictions of this program are computed here.
 */
import { remember } from "../base/remember.ts";
import type { Batch } from "../data/batches/batch.ts";
import { fillBatch, type Rows } from "../data/batches/fill_batch.ts";
import { createVectorNumbers, type NumberVectors } from "../data/batches/letter_rows.ts";
import type { UnknownTokens } from "../data/batches/table.ts";
import { TokenKeyList, type TokenKeys } from "../data/vocabulary/token_keys.ts";
import { openPreprocessing } from "../data/encode/open_preprocessing.ts";
import { type PreprocessingJson, tokenKeysOf } from "../data/encode/preprocessing.ts";
import { errorMessage, inputError } from "../base/errors.ts";
import { engineOptions } from "../engine/create_engine.ts";
import type { Engine, NativeLibrary } from "../engine/contract.ts";
import { createWorkspace } from "../engine/workspace.ts";
import { parameterLayout } from "../model/layout.ts";
import { answerOf, type Rejection, thresholdFor } from "../model/rejection.ts";
import { trainedModel } from "../model/task_model.ts";
import { withWordVectors } from "../model/word_vectors.ts";
import { type Combiner, createCombiner } from "../ngrams/combine.ts";
import type { BatchOptions, Outcome, PredictMessage, Sequences } from "./protocol.ts";
import { idsOf } from "./reader.ts";
import { liveVersion, type ModelVersion, type Newest, type TrainedModel } from "./trained_model.ts";
import type { Flags, Input, Prediction } from "./types.ts";

/** Versions beside the newest whose weights are kept. */
export const KEPT_VERSIONS = 4;

/** Ids have no flags, and can always be read. */
const ALL_READ: Pick<Outcome, "flags" | "unread"> = { flags: [], unread: [] };

/** The vectors of a batch that are not of known words: a batch has fewer sequences if they have more. */
const UNKNOWN_VECTORS = 4096;

/** Stands for an input that could not be read. */
const NOTHING_READ = [0];

/** An input as the model reads it. */
interface Reading {
  readonly tokens: ArrayLike<number>;
  /** Keys of the unknown tokens, for models of text. */
  readonly unknown?: TokenKeys;
  /** Present for models with a vocabulary of their own. */
  readonly flags?: Flags;
}

export class BatchPredictor {
  readonly #options: BatchOptions;
  readonly #engine: Engine;
  readonly #batch: Batch;
  readonly #read: (input: Input) => Reading;
  /** Numbers the vectors of a batch, for models whose words have letters. */
  readonly #numberVectors: NumberVectors | undefined;
  /** Keys of the known words, for the same models. */
  readonly #known: TokenKeys | undefined;
  /** The engine's weights, and the version that they are of. */
  readonly #weights: Float32Array;
  #loaded: ModelVersion | undefined;
  #newest: (() => ModelVersion) | undefined;
  /** Combines n-grams with every version of a finished model's LSTM. */
  #combine: Combiner | undefined;
  readonly #kept = new Map<number, ModelVersion>();

  private constructor(options: BatchOptions, engine: Engine, batch: Batch, weights: Float32Array) {
    this.#options = options;
    this.#engine = engine;
    this.#batch = batch;
    this.#weights = weights;
    this.#read = openReading(options.preprocessing);
    const { spec, preprocessing } = options;
    if (spec.letterRows > 0) {
      this.#numberVectors = createVectorNumbers(spec);
      this.#known = preprocessing && tokenKeysOf(preprocessing);
    }
  }

  /** Creates the engine. Throws what that throws, and an InputError for a tokenizer that cannot be used. */
  static async open(options: BatchOptions): Promise<BatchPredictor> {
    const { config, spec, maxBatch, maxLength, native } = options;
    const layout = parameterLayout(spec);
    const maxVectors = spec.letterRows > 0
      ? Math.min(spec.vocabulary + Math.max(maxLength, UNKNOWN_VECTORS), maxBatch * maxLength)
      : 0;
    const engineNeeds = engineOptions(config, { spec, layout }, maxBatch, maxLength, { maxVectors, native });
    const { engine, batch, floats } = await createWorkspace(engineNeeds, { floats: layout.size, batches: 1 });
    return new BatchPredictor(options, engine, batch(maxBatch, maxLength), floats(layout.size));
  }

  /** Sets where the newest version is. */
  setNewest(newest: Newest): void {
    if ("memory" in newest) {
      this.#newest = liveVersion(newest, { ...this.#options, known: this.#known }, () => performance.now());
      this.#combine = undefined;
    } else {
      this.#newest = () => newest;
      this.#combine = newest.ngrams && createCombiner(newest.ngrams);
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
   * the version is not kept.
   */
  predict(inputs: PredictMessage["inputs"], version?: number): Outcome {
    const begun = performance.now();
    const { round, digest } = this.#load(version);
    const { classes } = this.#options.spec;
    const { sequences, ...read } = "offsets" in inputs ? { sequences: inputs, ...ALL_READ } : this.#readAll(inputs);
    const count = sequences.offsets.length - 1;
    const probabilities = new Float32Array(count * classes);
    for (let first = 0; first < count;) {
      first += this.#predictBatch(sequences, undefined, first, count, probabilities);
    }
    return { round, digest, probabilities, ...read, computeMs: performance.now() - begun };
  }

  /**
   * Predicts `rows` in the order that `order` lists, by the newest version, and stops after each batch so that the caller
   * can give others their turn. Writes the probabilities of row r to `probabilities` from `r * classes` on.
   */
  *predictRows(rows: Rows, order: Uint32Array, probabilities: Float32Array): Generator<void, void, void> {
    this.#load(undefined);
    for (let first = 0; first < order.length;) {
      first += this.#predictBatch(rows, order, first, order.length, probabilities);
      yield;
    }
  }

  /** Gives the engine the weights of a version. */
  #load(version: number | undefined): ModelVersion {
    const chosen = version === undefined ? this.#newest?.() : this.#kept.get(version);
    if (!chosen) throw new RangeError(`The weights of round ${version ?? "…"} are not kept`);
    if (chosen !== this.#loaded) {
      this.#weights.set(chosen.weights);
      this.#engine.hold(this.#weights);
    }
    return this.#loaded = chosen;
  }

  /** Predicts the sequences from `first` on, as many as fit into a batch and come before `end`; see fillBatch. Returns how many. */
  #predictBatch(
    sequences: Rows,
    order: Uint32Array | undefined,
    first: number,
    end: number,
    probabilities: Float32Array,
  ): number {
    const { classes } = this.#options.spec;
    const size = this.#fitting(sequences, order, first, end);
    fillBatch(this.#batch, sequences, order, first, size);
    this.#numberVectors?.(this.#batch, sequences, order, first);
    const found = this.#engine.predict(this.#weights, this.#batch);
    if (!order) probabilities.set(found, first * classes);
    if (!order && !this.#combine) return size;
    for (let row = 0; row < size; row++) {
      const source = order ? order[first + row]! : first + row;
      const own = probabilities.subarray(source * classes, (source + 1) * classes);
      if (order) own.set(found.subarray(row * classes, (row + 1) * classes));
      this.#combine?.(own, sequences, source);
    }
    return size;
  }

  /** Returns how many sequences fit into a batch: at least one. */
  #fitting({ unknown }: Rows, order: Uint32Array | undefined, first: number, end: number): number {
    const most = Math.min(this.#options.maxBatch, end - first);
    if (!this.#numberVectors || !unknown) return most;
    let vectors = 0;
    for (let size = 0; size < most; size++) {
      const row = order ? order[first + size]! : first + size;
      vectors += unknown.before[row + 1]! - unknown.before[row]!;
      if (size > 0 && vectors > UNKNOWN_VECTORS) return size;
    }
    return most;
  }

  /** Reads each input separately, so that one that fails does not fail the others. */
  #readAll(inputs: readonly Input[]): Pick<Outcome, "flags" | "unread"> & { readonly sequences: Sequences } {
    const flags: Flags[] = [];
    const unread: { row: number; error: string }[] = [];
    const unknown: (TokenKeys | undefined)[] = [];
    const sequences = joinSequences(inputs.map((input, row) => {
      try {
        const reading = this.#read(input);
        if (reading.flags) flags.push(reading.flags);
        unknown[row] = reading.unknown;
        return reading.tokens;
      } catch (error) {
        unread.push({ row, error: errorMessage(error) });
        flags.push({ unknownShare: 1, truncated: false });
        return NOTHING_READ;
      }
    }));
    return {
      sequences: this.#combine || this.#numberVectors
        ? { ...sequences, unknown: joinUnknown(unknown, inputs.length) }
        : sequences,
      flags,
      unread,
    };
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
  reject?: number,
  native?: NativeLibrary,
): Promise<(inputs: readonly Input[]) => Prediction[]> {
  const { spec } = trainedModel(config, labels);
  const threshold = wantedThreshold(version.rejection, reject);
  const options = { config, spec, preprocessing, maxBatch: batchMax, maxLength: config.length, native };
  const predictor = await BatchPredictor.open(options);
  predictor.setNewest(version);
  return (inputs) => {
    const outcome = predictor.predict(inputs);
    if (outcome.unread.length > 0) throw new Error(outcome.unread[0]!.error);
    return inputs.map((_, row) => prediction(outcome, row, labels, threshold));
  };
}

/** Returns a function that reads the inputs of a model with `json`, or of one whose tokens are ids. Throws an InputError if `json` cannot be used. */
export function openReading(json: PreprocessingJson | undefined): (input: Input) => Reading {
  if (!json) return (input) => ({ tokens: idsOf(input) });
  const { encode } = openPreprocessing(json);
  return (input) => {
    const { tokens, unknown, ...flags } = encode(input);
    return { tokens, unknown, flags };
  };
}

/** Returns the prediction for input `row` of an outcome. */
export function prediction(
  { probabilities: all, flags }: Pick<Outcome, "probabilities" | "flags">,
  row: number,
  labels: readonly string[],
  threshold: number,
): Prediction {
  const probabilities: number[] = [];
  const first = row * labels.length;
  for (let index = 0; index < labels.length; index++) probabilities.push(all[first + index]!);
  return { ...answerOf(probabilities, labels, threshold), probabilities, ...flags[row] };
}

/**
 * Returns the threshold for the precision `wanted`, or the model's own without it. Throws an InputError if the model does
 * not reach it.
 */
export function wantedThreshold(rejection: Rejection | undefined, wanted: number | undefined): number {
  if (wanted === undefined) return rejection?.threshold ?? 0;
  try {
    return thresholdFor(rejection?.points, wanted);
  } catch (error) {
    if (error instanceof RangeError) throw inputError("reject", error.message);
    throw error;
  }
}

/** Joins the keys of the unknown tokens of `rows` sequences. */
export function joinUnknown(list: readonly (TokenKeys | undefined)[], rows: number): UnknownTokens {
  const joined = new TokenKeyList(false);
  const before = new Uint32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    const own = list[row];
    if (own) joined.addAll(own);
    before[row + 1] = joined.size;
  }
  return { before, keys: joined.keys() };
}

/** Joins `list` end to end. */
export function joinSequences(list: readonly ArrayLike<number>[]): Sequences {
  const offsets = new Int32Array(list.length + 1);
  for (let row = 0; row < list.length; row++) offsets[row + 1] = offsets[row]! + list[row]!.length;
  const tokens = new Int32Array(offsets[list.length]!);
  for (let row = 0; row < list.length; row++) tokens.set(list[row]!, offsets[row]);
  return { tokens, offsets };
}
