/** Evaluates a model on rows that were read from files: its metrics, and its most confident mistakes. */
import type { NativeLibrary } from "../../engine/contract.ts";
import { rowsOf } from "../../data/batches/table.ts";
import type { LoadedPart } from "../../data/encode/assemble.ts";
import type { Preprocessing } from "../../data/encode/preprocessing.ts";
import { placeOf } from "../../data/encode/table_builder.ts";
import { rowsAt, shortText, textOf } from "../../data/row_texts.ts";
import { readingOf } from "../../formats/columns.ts";
import { inputOf } from "../../formats/entry.ts";
import type { ReadOptions } from "../../formats/read_options.ts";
import { auroc, confidencesOf } from "../../model/coverage.ts";
import { evaluatePredictions, type Evaluation, worstMistakes } from "../../model/evaluation.ts";
import { evaluateSeveral, worstLabels } from "../../model/several_evaluation.ts";
import { usualThresholds } from "../../model/thresholds.ts";
import type { RowMetrics } from "../../base/row_metrics.ts";
import { decisiveTokens } from "./decisive_tokens.ts";
import { predictEncoded } from "../../predict/predict_encoded.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";

/** Limits the mistakes that are listed. */
const MISTAKES = 200;

/** Limits the pairs of confused classes in a summary. */
const CONFUSED = 3;

/** Says how the rows of a part were read and encoded. */
interface Reading {
  readonly part: LoadedPart;
  readonly preprocessing: Preprocessing;
  /** The options by which the sources of the rows were read. */
  readonly options: ReadOptions;
  /** See evaluatePredictions(). */
  readonly threshold: number;
  /** `[labels]`, where a row may have several. */
  readonly thresholds?: readonly number[] | undefined;
}

/** Evaluates `model` on the rows of a part, and on `others`, which are of none of its classes. */
export async function evaluateRows(
  model: Pick<TrainedModel, "config" | "labels" | "version">,
  reading: Reading,
  { others, native, explain = false }: {
    readonly others?: LoadedPart | undefined;
    readonly native?: NativeLibrary | undefined;
    /** Finds the tokens that most mistakes depend on. */
    readonly explain?: boolean | undefined;
  } = {},
): Promise<Evaluation> {
  const { part: { table }, threshold, preprocessing } = reading;
  const probabilities = await predictEncoded(model, table, native);
  const { thresholds = usualThresholds(model.labels.length) } = model.version;
  const several = model.config.labels === "many" && { thresholds };
  const evaluation = {
    ...await evaluateProbabilities(probabilities, model.labels, { ...reading, ...several }),
    ...explain && {
      decisive: await decisiveTokens(model, table, probabilities, preprocessing, { native, ...several }),
    },
  };
  if (!others) return evaluation;
  const confidences = confidencesOf(probabilities, evaluation.rows);
  const ofOthers = confidencesOf(await predictEncoded(model, others.table, native), rowsOf(others.table));
  const answered = ofOthers.reduce((sum, confidence) => sum + (confidence >= threshold ? 1 : 0), 0);
  const outOfScope = {
    rows: ofOthers.length,
    auroc: auroc(confidences, ofOthers),
    ...threshold > 0 && { rejected: 1 - answered / ofOthers.length },
  };
  return { ...evaluation, outOfScope };
}

/** Evaluates the `probabilities` of the rows of a part, `[rows, labels]`. Reads the texts of the mistakes again. */
export async function evaluateProbabilities(
  probabilities: Float32Array,
  labels: readonly string[],
  reading: Reading,
): Promise<Evaluation> {
  const { part: { table }, threshold, thresholds } = reading;
  if (thresholds) {
    const name = (set: readonly number[]) => set.length === 0 ? "no label" : set.map((k) => labels[k]!).join(", ");
    const worst = worstLabels(table, probabilities, thresholds, MISTAKES);
    const rows = await textsOf(worst.map(({ row }) => row), reading);
    const mistakes = worst.map(({ own, given, confidence }, at) => (
      { ...rows[at]!, label: name(own), given: name(given), confidence }
    ));
    return { ...evaluateSeveral(labels, table, probabilities, thresholds), mistakes };
  }
  const worst = worstMistakes(table.labels, probabilities, MISTAKES);
  const rows = await textsOf(worst.map(({ row }) => row), reading);
  const mistakes = worst.map(({ label, given, confidence }, at) => ({
    ...rows[at]!,
    label: labels[label]!,
    given: labels[given]!,
    confidence,
  }));
  return { ...evaluatePredictions(labels, table.labels, probabilities, threshold), mistakes };
}

/** Returns the texts of `rows`, or their tokens where the source is gone or has another text now. */
async function textsOf(
  rows: readonly number[],
  { part: { table, places }, preprocessing, options }: Reading,
): Promise<{ readonly place: string; readonly text: string }[]> {
  const tokens = new Map(rows.map((row) => [
    placeOf(places, row),
    table.tokens.subarray(table.offsets[row], table.offsets[row + 1]),
  ]));
  const texts = new Map<string, string>();
  const again = { ...options, ...readingOf(preprocessing.columns), rules: preprocessing.rules };
  for await (const { place, row } of rowsAt([...tokens.keys()], places.sources, again)) {
    const found = preprocessing.encode(inputOf(row)).tokens;
    if (found.join() === tokens.get(place)?.join()) texts.set(place, textOf(row));
  }
  return [...tokens].map(([place, own]) => {
    const text = texts.get(place) ?? places.texts.at(place) ?? excerpt(preprocessing.decode(own));
    return { place, text };
  });
}

/** Returns only the metrics, as they stand in a summary. */
export function metricsOf(
  { rows, loss, accuracy, macroF1, calibrationError, several, answered }: RowMetrics,
): RowMetrics {
  return { rows, loss, accuracy, macroF1, calibrationError, ...several && { several }, ...answered && { answered } };
}

/** Returns the pairs of classes that are confused most, at most three. */
export function confusedClasses(
  { classes, mixups = [] }: Pick<Evaluation, "classes" | "mixups">,
): { label: string; given: string; rows: number }[] {
  const name = (index: number) => classes[index]!.label;
  return mixups.slice(0, CONFUSED).map(({ label, given, rows }) => ({ label: name(label), given: name(given), rows }));
}

function excerpt(tokens: readonly (string | undefined)[]): string {
  return shortText(tokens.map((token) => token ?? "▯").join(" "));
}
