/** A model that predicts, in the thread that calls it. */
import { createPreprocessing } from "../data/encode/preprocessing.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { inputError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";
import { createForwardRoom } from "../engine/forward_room.ts";
import type { ForwardModules } from "../engine/simd/forward_kernels.ts";
import { parameterLayout } from "../model/layout.ts";
import { mostProbable } from "../data/metrics.ts";
import type { ModelSpec } from "../model/spec.ts";
import { type Combiner, createCombiner } from "../ngrams/combine.ts";
import type { Input, Prediction, PredictOptions, Reasons } from "./answer_types.ts";
import { prediction, thresholdsFor } from "./answers.ts";
import { checkExplainable, explainInput, MOST_VARIANTS } from "./explain.ts";
import type { WholeModel } from "./model_file.ts";
import { createReader } from "./reader.ts";
import { openReading, type Read, readAll } from "./readings.ts";
import { mostVectors, SequencePredictor } from "./sequence_predictor.ts";
import type { Input as Checked, Reader } from "./types.ts";

/** Sequences that are computed together: as many as a server does, and fewer of long ones. */
const MOST_ROWS = 64;
const MOST_TOKENS = 2 ** 14;
/** Tokens that the first prediction has room for. */
const FIRST_LENGTH = 64;

/** A predictor, and the largest batch that it has room for. */
interface OpenRoom {
  readonly rows: number;
  readonly length: number;
  readonly weights: Float32Array;
  readonly predictor: SequencePredictor;
}

/**
 * A trained model.
 *
 * @example
 * ```ts
 * import { load } from "lockstep/predict";
 *
 * const model = await load("./model.lockstep");
 * const { label, probability } = model.predict("where is my parcel?");
 * console.log(label, probability);
 * ```
 */
export class Model {
  /** The run that the model comes from. */
  readonly run: string;
  /** SHA-256 of the state that its weights are part of. */
  readonly digest: string;
  /** The names of its classes. */
  readonly labels: readonly string[];
  /** True if it takes texts, and tokens by their names; otherwise tokens are ids. */
  readonly text: boolean;
  readonly #modules: ForwardModules;
  readonly #spec: ModelSpec;
  /** Tokens of the longest sequence. */
  readonly #length: number;
  readonly #thresholds: Pick<WholeModel, "rejection" | "thresholds">;
  readonly #reader: Reader;
  readonly #read: Read;
  readonly #isEnd: boolean;
  readonly #combine: Combiner | undefined;
  /** Undefined once it is closed. */
  #room: OpenRoom | undefined;

  /** @internal See load(). `tokenizer` is that of the model's preprocessing, if it has one. */
  constructor(model: WholeModel, tokenizer: Tokenizer | undefined, modules: ForwardModules) {
    const { spec, preprocessing, ngrams, rejection, thresholds, weights } = model;
    this.run = model.run;
    this.digest = model.digest;
    this.labels = model.labels;
    this.text = preprocessing !== undefined;
    this.#modules = modules;
    this.#spec = spec;
    this.#thresholds = { rejection, thresholds };
    this.#reader = createReader({ vocabulary: spec.vocabulary, length: model.length }, preprocessing);
    this.#read = openReading(preprocessing && tokenizer && createPreprocessing(preprocessing, tokenizer));
    this.#isEnd = preprocessing?.truncate === "start";
    this.#combine = ngrams && createCombiner(ngrams);
    this.#length = model.length;
    this.#room = this.#open(1, Math.min(model.length, FIRST_LENGTH), weights);
  }

  /**
   * Predicts a text, or a list of tokens: by their names if the model was trained on texts, otherwise by their ids; or an
   * object with the fields of a model of several columns. Throws an InputError for another input, and if the model does not reach the precision `reject`.
   */
  predict(input: Input, options?: PredictOptions): Prediction {
    return this.#predict([this.#check(input, "input")], () => "input", options)[0]!;
  }

  /** Predicts several inputs, in batches, which takes a fraction of the time. Throws as `predict` does. */
  predictMany(inputs: Iterable<Input>, options?: PredictOptions): Prediction[] {
    const name = (row: number) => `inputs[${row}]`;
    return this.#predict(Array.from(inputs, (input, row) => this.#check(input, name(row))), name, options);
  }

  /**
   * Answers one input, with what each of its tokens adds to the answer. Throws as `predict` does, and an InputError for a
   * model that was not trained on files.
   */
  explain(input: Input, options?: PredictOptions): Prediction & { readonly reasons: Reasons } {
    checkExplainable(this.text, this.labels.length, this.#spec.labels === "many");
    const checked = this.#check(input, "input");
    const [answer] = this.#predict([checked], () => "input", options);
    const length = this.#read(checked).tokens.length;
    const { predictor } = this.#roomFor(Math.min(MOST_VARIANTS, 2 * length), length);
    const { one, other, ...reasons } = explainInput(predictor, this.#read, checked, this.#isEnd);
    return { ...answer!, reasons: { label: this.labels[one]!, against: this.labels[other] ?? null, ...reasons } };
  }

  /** Frees the memory of the model, which cannot predict any more. */
  close(): void {
    this.#room = undefined;
  }

  /** Closes the model at the end of a block that declares it by `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #check(input: unknown, field: string): Checked {
    if (typeof input === "string") return this.#reader.readText(input, field);
    return isRecord(input) ? this.#reader.readFields(input, field) : this.#reader.readTokens(input, field);
  }

  #predict(
    inputs: readonly Checked[],
    nameOf: (row: number) => string,
    { reject, ...options }: PredictOptions = {},
  ): Prediction[] {
    const { labels } = this;
    const several = this.#spec.labels === "many";
    const thresholds = thresholdsFor({ several, labels, ...this.#thresholds }, reject);
    const { keepsUnknown } = this.#opened().predictor;
    const { sequences, flags, unread: [failed] } = readAll(inputs, this.#read, keepsUnknown);
    if (failed) {
      const field = nameOf(failed.row);
      throw inputError(field, `${field} cannot be cut into tokens: ${failed.error}`);
    }
    const { offsets } = sequences;
    const longest = inputs.reduce((most, _, row) => Math.max(most, offsets[row + 1]! - offsets[row]!), 1);
    const probabilities = this.#roomFor(inputs.length, longest).predictor.predict(sequences);
    return inputs.map((_, row) => {
      const answer = prediction({ probabilities, flags }, row, labels, { ...options, ...thresholds });
      const best = mostProbable(probabilities, row * labels.length, labels.length);
      return { ...answer, probability: probabilities[row * labels.length + best]! };
    });
  }

  /** Returns a room for `rows` sequences, the longest of `longest` tokens: a larger one if there is none. */
  #roomFor(rows: number, longest: number): OpenRoom {
    const room = this.#opened();
    // Both double, so that texts which grow do not need a room each.
    const length = longest <= room.length ? room.length : Math.min(this.#length, powerOf2(longest));
    const most = Math.min(MOST_ROWS, Math.max(1, MOST_TOKENS / powerOf2(length)));
    const needed = Math.min(most, Math.max(room.rows, powerOf2(rows)));
    if (length === room.length && needed <= room.rows) return room;
    return this.#room = this.#open(needed, length, room.weights);
  }

  #opened(): OpenRoom {
    if (this.#room) return this.#room;
    throw new TypeError("The model is closed: expected its use before close()");
  }

  #open(rows: number, length: number, weights: Float32Array): OpenRoom {
    const spec = this.#spec;
    const room = createForwardRoom(this.#modules, {
      spec,
      layout: parameterLayout(spec),
      maxBatch: rows,
      maxLength: length,
      maxVectors: mostVectors(spec, rows, length),
    });
    const predictor = new SequencePredictor(spec, room, rows);
    predictor.setWeights(weights);
    predictor.setCombiner(this.#combine);
    return { rows, length, weights: room.weights, predictor };
  }
}

/** Returns the least power of 2 that is at least `count`. */
function powerOf2(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}
