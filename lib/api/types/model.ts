/** Types of a model and of its answers, written out so that a program that imports them needs nothing else. */
import type { Input, Prediction, PredictOptions, Reasons } from "../../standalone/answer_types.ts";
import type { SeveralMetrics } from "./events.ts";
import type { ModelOptions, ProcessOptions } from "./options.gen.ts";
import type { Rows } from "./rows.ts";

/**
 * Metrics of a model on labelled rows, as the command `evaluate` prints them.
 *
 * @example
 * ```ts
 * import { load } from "lockstep";
 *
 * const model = await load("runs/latest");
 * const { accuracy, classes, mistakes } = await model.evaluate("tickets.csv");
 * console.log(accuracy, classes.map(({ label, f1 }) => `${label} ${f1}`), mistakes[0]?.place);
 * ```
 */
export interface Evaluation {
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
  /** Rows by confidence, in up to 15 bins: their number, mean confidence and accuracy. */
  calibration?: { confidence: number; accuracy: number; rows: number }[] | undefined;
  /** The accuracy of the most confident 100, 99, …, 1 % of the rows. */
  coverage?: { coverage: number; accuracy: number; confidence: number }[] | undefined;
  /** Rows of none of the classes, the AUROC of confidence between the other rows and these, and the share that is rejected. */
  outOfScope?: { rows: number; auroc: number; rejected?: number | undefined } | undefined;
  /** Precision, recall and F1 of each class, its rows (support), and its threshold where a row may have several labels. */
  classes: {
    label: string;
    support: number;
    precision: number;
    recall: number;
    f1: number;
    threshold?: number | undefined;
  }[];
  /** `[class of the row][class it was given]`: rows. Left out where there are more than 200 classes. */
  confusion?: number[][] | undefined;
  /** The pairs of classes that are mixed up most, by their places in `classes`, the worst first. */
  mixups?: { label: number; given: number; rows: number }[] | undefined;
  /** The tokens that most mistakes depend on, with `explain`: the mistakes, and the pair of classes that each mixes up most. */
  decisive?: { token: string; rows: number; label: string; given: string }[] | undefined;
  /**
   * Rows that were given a wrong class, at most 200, the most confident first, with some of each pair of classes. `text` is the original text, shortened to 500 characters.
   */
  mistakes: { place: string; text: string; label: string; given: string; confidence: number }[];
  /** Bad rows that were skipped. */
  skipped: number;
  /** Rows that the model was trained on; absent if the model's training rows are not known. */
  trainedOn?: number | undefined;
  /** Possible mistakes in the rows. */
  warnings: readonly string[];
}

/**
 * Options of an evaluation. Files are read as the run read its own files, except for these.
 *
 * @example
 * ```ts
 * import { type EvaluateOptions, load } from "lockstep";
 *
 * const options: EvaluateOptions = { textColumn: "text", onBadRow: "skip" };
 * const model = await load("runs/latest");
 * console.log((await model.evaluate("tickets.csv", options)).skipped);
 * ```
 */
export interface EvaluateOptions extends
  Pick<
    ModelOptions,
    "textColumn" | "labelColumn" | "format" | "delimiter" | "header" | "quotes" | "onBadRow" | "reject"
  > {
  /** Files of rows that are of none of the classes: how well their confidence tells them from the others. */
  readonly outOfScope?: readonly string[] | undefined;
  /** Finds the tokens that most mistakes depend on; default: false. */
  readonly explain?: boolean | undefined;
}

/**
 * Options of labelling a table. Files are read as the run read its own files, except for these.
 *
 * @example
 * ```ts
 * import { load, type TableOptions } from "lockstep";
 *
 * const options: TableOptions = { top: 2, leastSureFirst: true, force: true };
 * const model = await load("runs/latest");
 * console.log(await model.predictTable("tickets.csv", "least_sure.csv", options));
 * ```
 */
export interface TableOptions extends Omit<EvaluateOptions, "outOfScope" | "explain"> {
  /** The most probable labels that are written; default: 1, and 0 beside the labels of a model of several. */
  readonly top?: number | undefined;
  /** The least confidence of a label: other rows get none. Default: as `reject` says. */
  readonly threshold?: number | undefined;
  /** Writes the rows in ascending order of confidence, for which all of them are kept in memory; default: false. */
  readonly leastSureFirst?: boolean | undefined;
  /** Replaces an existing file; default: false. */
  readonly force?: boolean | undefined;
}

/**
 * The path of a file to write, or a function that gets the text of the file in pieces; a promise that it returns is awaited.
 *
 * @example
 * ```ts
 * import { load, type TableTarget } from "lockstep";
 *
 * const target: TableTarget = (text) => console.log(text.length);
 * await (await load("runs/latest")).predictTable("tickets.csv", target);
 * ```
 */
export type TableTarget = string | ((text: string) => unknown);

/**
 * Counts the rows of a labelled table.
 *
 * @example
 * ```ts
 * import { load, type TableSummary } from "lockstep";
 *
 * const model = await load("runs/latest");
 * const { rows, rejected }: TableSummary = await model.predictTable("tickets.csv", "labelled.csv", { force: true });
 * console.log(rows, rejected);
 * ```
 */
export interface TableSummary {
  /** The rows that were written. */
  readonly rows: number;
  /** Bad rows among them, which have an error in place of a label. */
  readonly bad: number;
  /** Rows whose label was rejected. */
  readonly rejected: number;
  /** The names of the added columns. */
  readonly columns: readonly string[];
  /** Possible mistakes in the rows. */
  readonly warnings: readonly string[];
}

/**
 * A trained model, from `load()` or a run. It computes in the thread that calls it and starts no other one.
 *
 * @example
 * ```ts
 * import { load, type Model } from "lockstep";
 *
 * await using model: Model = await load("runs/latest");
 * console.log(model.labels, (await model.predict("where is my parcel?")).label);
 * ```
 */
export interface Model {
  /** Id of the run that trained it. */
  readonly run: string;
  /** SHA-256 of the trained state that its weights are part of. */
  readonly digest: string;
  /** Class names. */
  readonly labels: readonly string[];
  /** Answers one input. Throws an InputError for an input that the model cannot read. */
  predict(input: Input, options?: PredictOptions): Promise<Prediction>;
  /**
   * Answers many inputs in batches, in their order, and lets other work have its turn between batches. Throws an InputError
   * that names the first input that the model cannot read.
   */
  predictMany(inputs: Iterable<Input>, options?: PredictOptions): Promise<Prediction[]>;
  /**
   * Answers one input, with what each of its tokens adds to the answer. Throws an InputError as `predict` does, and for a
   * model that was not trained on files.
   */
  explain(input: Input, options?: PredictOptions): Promise<Prediction & { readonly reasons: Reasons }>;
  /** Measures the model on labelled rows. Throws an InputError for rows that it cannot read. */
  evaluate(rows: Rows, options?: EvaluateOptions): Promise<Evaluation>;
  /**
   * Labels the rows of a file, which need no labels: writes them to `target` in their own format, with all their columns, and
   * label and confidence beside them. Throws an InputError for rows that it cannot read, and writes no file then.
   */
  predictTable(file: string, target: TableTarget, options?: TableOptions): Promise<TableSummary>;
  /**
   * Writes the model into `folder` as one file, `model.lockstep`, which `load()` reads. Throws an InputError if it cannot be as
   * small as `size`.
   */
  save(folder: string, options?: SaveOptions): Promise<void>;
  /** Ends the use of the model, at the end of a block with `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Options of saving a model.
 *
 * @example
 * ```ts
 * import { load, type SaveOptions } from "lockstep";
 *
 * const options: SaveOptions = { size: "300kB" };
 * await (await load("runs/latest")).save("model", options);
 * ```
 */
export interface SaveOptions {
  /**
   * Most bytes of the file, as a number or a text such as `1MB`. Words and n-grams are left out as the validation rows of the
   * model's run choose; without its files, those are left out that change the scores least. Default: the whole model.
   */
  readonly size?: number | string | undefined;
}

/**
 * Options of loading a model.
 *
 * @example
 * ```ts
 * import { load, type LoadOptions } from "lockstep";
 *
 * const options: LoadOptions = { runsDir: "runs", kernels: "wasm" };
 * console.log((await load("latest", options)).labels);
 * ```
 */
export interface LoadOptions extends Pick<ProcessOptions, "kernels"> {
  /** Folder of run directories, in which an id or `latest` names a run; default: "runs". */
  readonly runsDir?: string | undefined;
}
