/** A trained model in a program: it predicts in the thread that calls it, and evaluates rows. */
import { rowShape } from "../config/data_shape.ts";
import { resolveConfig } from "../config/resolve.ts";
import type { Config } from "../config/schema.ts";
import { mostProbable } from "../data/metrics.ts";
import { inputError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";
import { inTurns } from "../base/turns.ts";
import type { NativeLibrary } from "../engine/contract.ts";
import { trainedModel } from "../model/task_model.ts";
import { BatchPredictor } from "../predict/batch_predictor.ts";
import { predictTable } from "../predict/table/predict_table.ts";
import type { Input, Prediction, PredictOptions, Reasons } from "../standalone/answer_types.ts";
import { prediction, thresholdsFor, wantedThreshold } from "../standalone/answers.ts";
import { checkExplainable } from "../standalone/explain.ts";
import { createReader } from "../standalone/reader.ts";
import type { TrainedModel } from "../predict/trained_model.ts";
import type { Input as CheckedInput, Reader } from "../predict/types.ts";
import { evaluateFiles } from "../run/evaluation/evaluate_files.ts";
import { obstacleAt, writePieces } from "../run/files/files.ts";
import { saveFile } from "../run/files/model_file.ts";
import { smallModel } from "../run/export/small/small_model.ts";
import { bytesOf } from "./given_values.ts";
import { RowSource } from "./rows.ts";
import type {
  EvaluateOptions,
  Evaluation,
  Model,
  SaveOptions,
  TableOptions,
  TableSummary,
  TableTarget,
} from "./types/model.ts";
import type { Rows } from "./types/rows.ts";

/** Inputs in a call of the engine, which takes some milliseconds. */
const BATCH = 64;

/** Where a model comes from, and what it computes with. */
interface ModelOrigin {
  /** The directory of its run, if it has one. */
  readonly directory: string | undefined;
  readonly native: NativeLibrary | undefined;
}

/** Implements Model for every origin. */
export class OpenModel implements Model {
  readonly trained: TrainedModel;
  readonly origin: ModelOrigin;
  readonly #reader: Reader;
  /** It is opened at the first prediction. */
  #predictor: Promise<BatchPredictor> | undefined;
  readonly #closers: (() => void)[] = [];
  #isClosed = false;

  constructor(trained: TrainedModel, origin: ModelOrigin) {
    this.trained = trained;
    this.origin = origin;
    this.#reader = createReader(trained.config, trained.preprocessing);
  }

  get #several(): boolean {
    return this.trained.config.labels === "many";
  }

  get run(): string {
    return this.trained.run;
  }

  get digest(): string {
    return this.trained.version.digest;
  }

  get labels(): readonly string[] {
    return this.trained.labels;
  }

  async predict(input: Input, options: PredictOptions = {}): Promise<Prediction> {
    const [answer] = await this.#predict([this.#read(input, "input")], () => "input", options);
    return answer!;
  }

  async predictMany(inputs: Iterable<Input>, options: PredictOptions = {}): Promise<Prediction[]> {
    // A text is a list of its characters.
    if (typeof inputs === "string") throw inputError("inputs", "inputs is a text: expected a list of inputs");
    const name = (at: number) => `inputs[${at}]`;
    return await this.#predict(Array.from(inputs, (input, at) => this.#read(input, name(at))), name, options);
  }

  async explain(input: Input, options: PredictOptions = {}): Promise<Prediction & { readonly reasons: Reasons }> {
    checkExplainable(this.#reader.text, this.labels.length, this.#several);
    const [answer] = await this.#predict([this.#read(input, "input")], () => "input", options, true);
    return { ...answer!, reasons: answer!.reasons! };
  }

  async evaluate(rows: Rows, options: EvaluateOptions = {}): Promise<Evaluation> {
    this.#checkOpen();
    const { outOfScope = [], explain, ...given } = options;
    const source = new RowSource(rows, "rows");
    const resolved = this.#reading({ ...given, data: source.data }, source.input !== undefined);
    const threshold = wantedThreshold(this.trained.version.rejection, given.reject);
    try {
      const found = await evaluateFiles(this.trained, { ...resolved, outOfScope, explain }, {
        directory: this.origin.directory,
        threshold,
        native: this.origin.native,
        input: source.input,
      });
      const { evaluation, rows: { skipped }, trainedOn } = found;
      const mistakes = evaluation.mistakes.map((one) => ({ ...one, place: source.renamed(one.place) }));
      return {
        ...evaluation,
        mistakes,
        skipped,
        trainedOn,
        warnings: found.warnings.map((text) => source.renamed(text)),
      };
    } catch (error) {
      throw source.errorFor(error);
    }
  }

  async predictTable(file: string, target: TableTarget, options: TableOptions = {}): Promise<TableSummary> {
    this.#checkOpen();
    const { top, threshold, leastSureFirst, force = false, ...given } = options;
    const { data: [name] } = new RowSource(file, "file");
    const reading = this.#reading({ ...given, data: [name] }, false);
    const table = { ...reading, top, threshold, reject: given.reject, leastSureFirst, native: this.origin.native };
    const write = (pass: (text: string) => void | Promise<void>) =>
      predictTable(this.trained, { name: name! }, table, pass);
    if (typeof target === "function") return await write(async (text) => void await target(text));
    const obstacle = await obstacleAt(target, force);
    if (obstacle) {
      const remedy = obstacle === "it exists" ? ". Set `force` to replace it" : "";
      throw inputError("target", `Cannot write to "${target}": ${obstacle}${remedy}`);
    }
    return await writePieces(target, write);
  }

  async save(folder: string, { size }: SaveOptions = {}): Promise<void> {
    const { bytes } = await smallModel(this.trained, bytesOf(size) ?? Infinity, this.origin);
    await saveFile(bytes, folder);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#predictor = undefined;
    for (const close of this.#closers.splice(0)) close();
    return Promise.resolve();
  }

  /** Calls `close` at the end of the use of the model. Throws an Error if that has come. */
  onClose(close: () => void): void {
    this.#checkOpen();
    this.#closers.push(close);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error("The model is closed: expected its use before the end of its block");
  }

  /** Returns the options by which rows are read: those of the run's own files, and `given`. */
  #reading(given: Readonly<Record<string, unknown>>, inMemory: boolean): Config {
    const { config } = this.trained;
    const isLike = (key: string) => key === "onBadRow" || key in rowShape && !inMemory;
    const like = Object.fromEntries(Object.entries(config).filter(([key]) => isLike(key)));
    const values = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    // Rows in memory have the names text and label, not those of the columns of files.
    return resolveConfig(undefined, [{ values: { ...like, ...values }, nameOf: (key) => key }]);
  }

  #read(input: Input, field: string): CheckedInput {
    if (typeof input === "string") return this.#reader.readText(input, field);
    return isRecord(input) ? this.#reader.readFields(input, field) : this.#reader.readTokens(input, field);
  }

  async #predict(
    inputs: readonly CheckedInput[],
    name: (at: number) => string,
    { reject, ...wanted }: PredictOptions,
    explain = false,
  ): Promise<(Prediction & { readonly reasons?: Reasons })[]> {
    this.#checkOpen();
    const { labels, version } = this.trained;
    const thresholds = thresholdsFor({ several: this.#several, labels, ...version }, reject);
    const predictor = await (this.#predictor ??= this.#open());
    const answers: (Prediction & { readonly reasons?: Reasons })[] = [];
    await inTurns((function* () {
      for (let first = 0; first < inputs.length; first += BATCH) {
        const some = inputs.slice(first, first + BATCH);
        const outcome = predictor.predict(some, { explain });
        const [failed] = outcome.unread;
        if (failed) {
          const field = name(first + failed.row);
          throw inputError(field, `${field} cannot be cut into tokens: ${failed.error}`);
        }
        some.forEach((_, row) => {
          const answer = prediction(outcome, row, labels, { ...wanted, ...thresholds });
          const best = mostProbable(outcome.probabilities, row * labels.length, labels.length);
          answers.push({ ...answer, probability: outcome.probabilities[row * labels.length + best]! });
        });
        yield;
      }
    })());
    return answers;
  }

  async #open(): Promise<BatchPredictor> {
    const { config, labels, preprocessing, version } = this.trained;
    const { spec } = trainedModel(config, labels);
    const native = config.engine === "simd" ? this.origin.native : undefined;
    const options = { config, spec, preprocessing, maxBatch: BATCH, maxLength: config.length, native };
    const predictor = await BatchPredictor.open(options);
    predictor.setNewest(version);
    return predictor;
  }
}
