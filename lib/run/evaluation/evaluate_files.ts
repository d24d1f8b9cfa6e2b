/** Evaluates a finished model on new rows: reads them as the run read its own, and finds those that it was trained on. */
import type { DataOptions } from "../../config/data_shape.ts";
import { inputError } from "../../base/errors.ts";
import { openPreprocessing } from "../../data/encode/open_preprocessing.ts";
import type { PreprocessingJson } from "../../data/encode/preprocessing.ts";
import { type EvaluationRows, readEvaluationRows } from "../../data/evaluation_rows.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import type { ReadOptions } from "../../formats/read_options.ts";
import { refuseTwice } from "../../formats/rows.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";
import { evaluateRows } from "./evaluate_rows.ts";
import { seenRows } from "./seen_rows.ts";

interface EvaluationFiles extends ReadOptions, Pick<DataOptions, "onBadRow"> {
  readonly data: readonly string[];
  /** Rows of none of the classes. */
  readonly outOfScope: readonly string[];
  /** Finds the tokens that most mistakes depend on. */
  readonly explain?: boolean | undefined;
}

interface EvaluationSetting {
  /** The directory of the run, if there is one: it has keys of the training rows. */
  readonly directory: string | undefined;
  /** Less confident rows are rejected. */
  readonly threshold: number;
  readonly native: NativeLibrary | undefined;
  /** Used as standard input. */
  readonly input: AsyncIterable<Uint8Array> | undefined;
}

interface FilesEvaluation {
  readonly evaluation: Evaluation;
  readonly rows: EvaluationRows;
  /** Counts the rows that the run was trained on; undefined if it has no keys of its rows. */
  readonly trainedOn: number | undefined;
  /** Possible mistakes in the rows. */
  readonly warnings: readonly string[];
}

/** Returns how a model reads rows. Throws an InputError for a model that was not trained on files. */
export function refuseWithoutFiles(
  { run, preprocessing }: Pick<TrainedModel, "run" | "preprocessing">,
): PreprocessingJson {
  if (preprocessing) return preprocessing;
  throw inputError("run", `Run ${run} was not trained on files, so it cannot read rows`);
}

/** Evaluates `model` on the rows that `given` names. Throws as `readEvaluationRows` does. */
export async function evaluateFiles(
  model: TrainedModel,
  given: EvaluationFiles,
  { directory, threshold, native, input }: EvaluationSetting,
): Promise<FilesEvaluation> {
  const { data, outOfScope } = given;
  const { labels, config } = model;
  const files = { ...given, labels: config.labels };
  const preprocessing = openPreprocessing(refuseWithoutFiles(model));
  refuseTwice([...data, ...outOfScope]);
  const reading = { preprocessing, labels };
  const rows = await readEvaluationRows(data, files, reading, input);
  const others = outOfScope.length === 0
    ? undefined
    : await readEvaluationRows(outOfScope, { ...files, unlabelled: true }, reading, input);
  const read = { part: rows, preprocessing, options: files, threshold };
  const evaluation = await evaluateRows(model, read, { others, native, explain: files.explain });
  const seen = directory === undefined ? undefined : await seenRows(directory, rows);
  const warnings = [...rows.warnings, ...seen?.warning === undefined ? [] : [seen.warning]];
  return { evaluation, rows, trainedOn: seen?.rows, warnings };
}
