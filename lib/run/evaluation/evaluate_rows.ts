/** Evaluates a model on rows that were read from files: its metrics, and its most confident mistakes. */
import { shortened } from "../../base/printable.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import type { LoadedPart } from "../../data/encode/assemble.ts";
import type { Preprocessing } from "../../data/encode/preprocessing.ts";
import { placeOf } from "../../data/encode/table_builder.ts";
import { auroc, confidencesOf } from "../../model/coverage.ts";
import { evaluatePredictions, type Evaluation, worstMistakes } from "../../model/evaluation.ts";
import type { RowMetrics } from "../../base/events.ts";
import { predictEncoded } from "../../predict/predict_encoded.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";

/** Limits the mistakes that are listed. */
const MISTAKES = 20;

/** Limits the pairs of confused classes in a summary. */
const CONFUSED = 3;

/** Limits the characters of a row that are shown. */
const EXCERPT = 300;

/**
 * Evaluates `model` on the rows of `part`, whose tokens came from `preprocessing`, and on `others`, which are of none of its
 * classes.
 */
export async function evaluateRows(
  model: Pick<TrainedModel, "config" | "labels" | "version">,
  part: LoadedPart,
  preprocessing: Preprocessing,
  threshold = 0,
  others?: LoadedPart,
  native?: NativeLibrary,
): Promise<Evaluation> {
  const probabilities = await predictEncoded(model, part.table, native);
  const evaluation = evaluateProbabilities(probabilities, model.labels, part, preprocessing, threshold);
  if (!others) return evaluation;
  const confidences = confidencesOf(probabilities, evaluation.rows);
  const ofOthers = confidencesOf(await predictEncoded(model, others.table, native), others.table.labels.length);
  const answered = ofOthers.reduce((sum, confidence) => sum + (confidence >= threshold ? 1 : 0), 0);
  const outOfScope = {
    rows: ofOthers.length,
    auroc: auroc(confidences, ofOthers),
    ...threshold > 0 && { rejected: 1 - answered / ofOthers.length },
  };
  return { ...evaluation, outOfScope };
}

/** Evaluates the `probabilities` of the rows of a part, `[rows, labels]`; see evaluatePredictions() for the threshold. */
export function evaluateProbabilities(
  probabilities: Float32Array,
  labels: readonly string[],
  { table, places }: LoadedPart,
  preprocessing: Preprocessing,
  threshold: number,
): Evaluation {
  const mistakes = worstMistakes(table.labels, probabilities, MISTAKES).map(({ row, label, given, confidence }) => ({
    place: placeOf(places, row),
    text: excerpt(preprocessing.decode(table.tokens.subarray(table.offsets[row], table.offsets[row + 1]))),
    label: labels[label]!,
    given: labels[given]!,
    confidence,
  }));
  return { ...evaluatePredictions(labels, table.labels, probabilities, threshold), mistakes };
}

/** Returns only the metrics, as they stand in a summary. */
export function metricsOf({ rows, loss, accuracy, macroF1, calibrationError, answered }: RowMetrics): RowMetrics {
  return { rows, loss, accuracy, macroF1, calibrationError, ...answered && { answered } };
}

/** Returns the pairs of classes that are confused most, at most three. */
export function confusedClasses(
  { classes, mixups = [] }: Pick<Evaluation, "classes" | "mixups">,
): { label: string; given: string; rows: number }[] {
  const name = (index: number) => classes[index]!.label;
  return mixups.slice(0, CONFUSED).map(({ label, given, rows }) => ({ label: name(label), given: name(given), rows }));
}

function excerpt(tokens: readonly (string | undefined)[]): string {
  return shortened(tokens.map((token) => token ?? "▯").join(" "), EXCERPT);
}
