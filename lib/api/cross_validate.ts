/** Cross-validates rows from a program. */
import { inputError } from "../base/errors.ts";
import { dataShape } from "../config/data_shape.ts";
import { resolveConfig } from "../config/resolve.ts";
import { loadData } from "../data/load/load.ts";
import type { CrossValidation, RowFindings } from "../model/label_findings.ts";
import { examineLabels } from "../run/evaluation/examine_labels.ts";
import { givenValues } from "./given_values.ts";
import { RowSource } from "./rows.ts";
import type { CrossValidateOptions } from "./types/labels.ts";

const MOST_FOLDS = 20;

/** Finds labels that are probably wrong; `url` is the module of the threads, workers/folds.ts. */
export async function crossValidateRows(options: CrossValidateOptions, url: URL): Promise<CrossValidation> {
  const { data, folds = 5, onProgress, signal, ...given } = options;
  const values = givenValues(
    given,
    (key) =>
      key in dataShape || key === "seed"
        ? undefined
        : `${key} is no option of a cross-validation: expected one that says how rows are read, or seed`,
  );
  if (!Number.isInteger(folds) || folds < 2 || folds > MOST_FOLDS) {
    throw inputError("folds", `folds is ${folds}: expected a whole number from 2 to ${MOST_FOLDS}`);
  }
  const rows = new RowSource(data, "data", { columns: values, signal });
  const sources = [...rows.data];
  try {
    const config = resolveConfig(undefined, [{ values: { ...values, data: sources }, nameOf: (key) => key }]);
    const validation = typeof config.validation === "number" ? 0 : config.validation;
    const loaded = await loadData({ ...config, validation, sources, ...rows.input && { input: rows.input } });
    const threads = { url, cores: navigator.hardwareConcurrency, onProgress, signal };
    const { examination, findingsOf } = await examineLabels(loaded, { ...config, folds, threads });
    const { suspects, nearDuplicates } = examination;
    const named = ({ near, ...row }: RowFindings): RowFindings => ({
      ...row,
      place: rows.renamed(row.place),
      ...near && { near: { ...near, place: rows.renamed(near.place) } },
    });
    return {
      ...examination,
      suspects: { ...suspects, examples: suspects.examples.map(named) },
      nearDuplicates: { ...nearDuplicates, examples: nearDuplicates.examples.map(named) },
      findings: Array.from({ length: examination.rows }, (_, row) => named(findingsOf(row))),
    };
  } catch (error) {
    throw rows.errorFor(error);
  }
}
