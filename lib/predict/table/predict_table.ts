/**
 * Labels the rows of a file or a stream: reads them as training does, predicts them in batches, and writes each in its own
 * format and place, with label and confidence beside its columns. Memory does not grow with the rows.
 */
import { inTurns } from "../../base/turns.ts";
import { errorMessage, InputError, inputError } from "../../base/errors.ts";
import { ProblemLog, problemsOf, WarningLog } from "../../data/findings/problems.ts";
import { openPreprocessing } from "../../data/encode/open_preprocessing.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import { type Entry, inputOf, isProblem, type Row } from "../../formats/entry.ts";
import { readingOf } from "../../formats/columns.ts";
import type { ReadOptions } from "../../formats/read_options.ts";
import { openRows } from "../../formats/rows.ts";
import type { WrittenColumn, WrittenValue } from "../../formats/writers/row_writer.ts";
import { mostProbable } from "../../data/metrics.ts";
import { labelsAbove } from "../../model/thresholds.ts";
import { answerOf } from "../../model/rejection.ts";
import { trainedModel } from "../../model/task_model.ts";
import { type AnswerOptions, thresholdsFor } from "../../standalone/answers.ts";
import { joinSequences, joinUnknown, openReading } from "../../standalone/readings.ts";
import { BatchPredictor } from "../batch_predictor.ts";
import { topLabels } from "../../standalone/top_labels.ts";
import type { TrainedModel } from "../trained_model.ts";
import { LeastSureFirst } from "./least_sure_first.ts";

export interface TableSource {
  /** A path, or - for standard input. Its extension tells the format, unless the options do. */
  readonly name: string;
  /** The bytes of standard input; default: those of the process. */
  readonly input?: AsyncIterable<Uint8Array> | undefined;
}

export interface TableOptions extends ReadOptions {
  /** stop: refuse a source with bad rows; skip: keep them in their place, with a column `error`. */
  readonly onBadRow: "stop" | "skip";
  /** The most probable labels of a row that are written; default 1, and 0 where rows may have several labels. */
  readonly top?: number | undefined;
  /** The least confidence of a label: other rows get none. Default: as `reject` says. */
  readonly threshold?: number | undefined;
  /** Precision of the labels, as for single predictions: less confident rows get none. Default: the model's own. */
  readonly reject?: number | undefined;
  /** Writes the rows in ascending order of confidence, for which all of them are kept in memory. */
  readonly leastSureFirst?: boolean | undefined;
  readonly native?: NativeLibrary | undefined;
  /** Receives the number of rows so far. */
  readonly onRows?: ((rows: number) => void) | undefined;
}

export interface TableSummary {
  /** The rows that were written. */
  readonly rows: number;
  /** Those of them that are bad, and those whose label was rejected. */
  readonly bad: number;
  readonly rejected: number;
  /** The names of the added columns. */
  readonly columns: readonly string[];
  /** Possible mistakes in the rows. */
  readonly warnings: readonly string[];
}

/** Rows that are read and sorted by length at a time, and those in a call of the engine. */
const WINDOW = 4096;
const BATCH = 64;

/**
 * Reads the rows of `source`, whose labels may be missing, and passes them to `write` in pieces of text: the columns of the
 * source, then the label or labels, `confidence` (that of the most probable label), `rejected` (the label that has too little confidence, with a threshold),
 * `label_2`, `confidence_2`, … and `error`. Where rows may have several labels, those by rank begin with `label_1`. The label's column has its name from training. A name that the source has
 * becomes `predicted_…`. Throws an InputError if the source cannot be read, if it has bad rows, or if the model was not
 * trained on files.
 */
export async function predictTable(
  model: TrainedModel,
  source: TableSource,
  options: TableOptions,
  write: (text: string) => void | Promise<void>,
): Promise<TableSummary> {
  const { reject, onBadRow, leastSureFirst = false, native } = options;
  const { labels, version } = model;
  const several = model.config.labels === "many";
  const least = options.threshold;
  const chosen = thresholdsFor({ several, labels, ...version }, reject);
  const thresholds = least === undefined || !several ? chosen.thresholds : labels.map(() => least);
  const threshold = several ? 0 : least ?? chosen.threshold;
  const predict = await openPredictor(model, native);
  const problems = new ProblemLog();
  const warnings = new WarningLog();
  const { rules = 1, columns: fields } = model.preprocessing!;
  const reading = {
    ...options,
    ...readingOf(fields),
    rules,
    unlabelled: true,
    originals: true,
    warn: warnings.add.bind(warnings),
  };
  const reader = await openRows(source.name, reading, source.input);
  // The label of a row is the most probable one, unless it has a list of them.
  const first = several ? 0 : 1;
  const top = Math.min(options.top ?? first, labels.length);
  const columns = columnsOf(options, { threshold, first, top, hasErrors: onBadRow === "skip" });
  const writer = reader.writer(columns);
  const sorted = leastSureFirst ? new LeastSureFirst() : undefined;
  let rows = 0;
  let rejected = 0;
  await write(writer.head);
  for await (const batch of reader.batches()) {
    for (let begin = 0; begin < batch.length; begin += WINDOW) {
      const entries = batch.slice(begin, begin + WINDOW);
      const before = problems.count;
      for (const entry of entries) if (isProblem(entry)) problems.add(entry);
      // Rows behind a bad one are read only to list all bad ones.
      if (onBadRow === "stop" && problems.count > 0) continue;
      const { probabilities, unread } = await predict(entries.flatMap((entry) => isProblem(entry) ? [] : [entry]));
      for (const problem of unread.values()) problems.add(problem);
      if (onBadRow === "stop" && problems.count > before) continue;
      let text = "";
      let good = 0;
      for (const found of entries) {
        const at = isProblem(found) ? -1 : good++;
        const entry = unread.get(at) ?? found;
        const own = probabilities.subarray(at * labels.length, (at + 1) * labels.length);
        const answer = isProblem(entry)
          ? noAnswer(entry.problem, columns.length)
          : answerTo(own, labels, { threshold, thresholds, top });
        const values = onBadRow === "skip" && !isProblem(entry) ? [...answer.values, null] : answer.values;
        const written = writer.row(entry, values);
        if (answer.isRejected) rejected++;
        if (sorted) sorted.add(answer.confidence, written);
        else text += written;
      }
      rows += entries.length;
      options.onRows?.(rows);
      if (text !== "") await write(text);
    }
  }
  if (onBadRow === "stop" && problems.count > 0) throw refused(problems);
  for (const text of sorted?.texts() ?? []) await write(text);
  return { rows, bad: problems.count, rejected, columns: writer.names, warnings: warnings.messages };
}

function refused({ listed, count }: ProblemLog): InputError {
  const message = "set `onBadRow` to skip to keep bad rows in their place, with an error";
  return new InputError([...problemsOf(listed, listed.length), { field: "data", message }], count - listed.length);
}

/** Says which columns are added. */
function columnsOf(
  { labelColumn, labelSeparator }: Pick<ReadOptions, "labelColumn" | "labelSeparator">,
  { threshold, first, top, hasErrors }: {
    readonly threshold: number;
    readonly first: number;
    readonly top: number;
    readonly hasErrors: boolean;
  },
): WrittenColumn[] {
  // A column of a source without a header is called by its number.
  const label = /^\d+$/.test(labelColumn) ? "label" : labelColumn;
  const more = Array.from({ length: top - first }, (_, index) => [
    // A line of fastText has each of its labels once.
    { name: `${label}_${first + index + 1}`, isLabel: first > 0 },
    { name: `confidence_${first + index + 1}`, isLabel: false },
  ]);
  return [
    { name: label, isLabel: true, separator: labelSeparator },
    { name: "confidence", isLabel: false },
    ...threshold > 0 ? [{ name: "rejected", isLabel: true }] : [],
    ...more.flat(),
    ...hasErrors ? [{ name: "error", isLabel: false }] : [],
  ];
}

interface Answer {
  readonly values: readonly WrittenValue[];
  readonly confidence: number;
  readonly isRejected: boolean;
}

/** Bad rows have no confidence, and come last where rows are sorted by it. */
function noAnswer(problem: string, columns: number): Answer {
  const nothing = Array.from({ length: columns - 1 }, () => null);
  return { values: [...nothing, problem], confidence: Infinity, isRejected: false };
}

/** Answers a row by its probabilities, `[labels]`. */
function answerTo(
  probabilities: Float32Array,
  labels: readonly string[],
  { threshold, thresholds, top }: AnswerOptions & { readonly top: number },
): Answer {
  const ranked = (first: number) =>
    top <= first ? [] : topLabels(probabilities, labels, top).slice(first)
      .flatMap(({ label, probability }): WrittenValue[] => [label, rounded(probability)]);
  if (thresholds) {
    const given = labelsAbove(probabilities, thresholds).map((label) => labels[label]!);
    const confidence = probabilities[mostProbable(probabilities)]!;
    return { values: [given, rounded(confidence), ...ranked(0)], confidence, isRejected: false };
  }
  const { label, rejected, class: best } = answerOf(probabilities, labels, threshold);
  const confidence = probabilities[best ?? rejected!.class]!;
  const values: WrittenValue[] = [label, rounded(confidence)];
  if (threshold > 0) values.push(rejected?.label ?? null);
  return { values: [...values, ...ranked(1)], confidence, isRejected: rejected !== undefined };
}

/** Probabilities are float32: more digits say nothing. */
function rounded(probability: number): number {
  return Number(probability.toFixed(6));
}

/** Stands for a row that cannot be read. */
const UNREAD: ReturnType<ReturnType<typeof openReading>> = { tokens: [0] };

interface Predicted {
  /** `[rows, labels]` */
  readonly probabilities: Float32Array;
  /** The rows that the tokenizer cannot read, by position. */
  readonly unread: ReadonlyMap<number, Exclude<Entry, Row>>;
}

/** Opens a model of files. The function that it returns predicts rows; those of similar length go together. */
async function openPredictor(
  { run, config, labels, version, preprocessing }: TrainedModel,
  native: NativeLibrary | undefined,
): Promise<(rows: readonly Row[]) => Promise<Predicted>> {
  if (!preprocessing) throw inputError("run", `Run ${run} was not trained on files, so it cannot read rows`);
  const { spec } = trainedModel(config, labels);
  const read = openReading(openPreprocessing(preprocessing));
  const predictor = await BatchPredictor.open({
    config,
    spec,
    preprocessing: undefined,
    maxBatch: BATCH,
    maxLength: config.length,
    native,
  });
  predictor.setNewest(version);
  return async (rows) => {
    const unread = new Map<number, Exclude<Entry, Row>>();
    const readings = rows.map((row, index) => {
      try {
        return read(inputOf(row));
      } catch (error) {
        const { file, line, original } = row;
        unread.set(index, { file, line, original, problem: errorMessage(error) });
        return UNREAD;
      }
    });
    const unknown = joinUnknown(readings.map((reading) => reading.unknown), rows.length);
    const sequences = { ...joinSequences(readings.map(({ tokens }) => tokens)), unknown };
    const length = (row: number) => readings[row]!.tokens.length;
    const order = Uint32Array.from(rows.keys()).sort((a, b) => length(b) - length(a) || a - b);
    const probabilities = new Float32Array(rows.length * labels.length);
    await inTurns(predictor.predictRows(sequences, order, probabilities));
    return { probabilities, unread };
  };
}
