/** Evaluates a model on rows that were read from files: its metrics, and its most confident mistakes. */
import { shortened } from "../../base/printable.ts";
import type { LoadedPart } from "../../data/encode/assemble.ts";
import type { Preprocessing } from "../../data/encode/preprocessing.ts";
import { placeOf } from "../../data/encode/table_builder.ts";
import { evaluatePredictions, type Evaluation, worstMistakes } from "../../model/evaluation.ts";
import type { RowMetrics } from "../../base/events.ts";
import { predictTable } from "../../predict/predict_table.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";

/** Limits the mistakes that are listed. */
const MISTAKES = 20;

/** Limits the pairs of confused classes in a summary. */
const CONFUSED = 3;

/** Limits the characters of a row that are shown. */
const EXCERPT = 300;

/** Evaluates `model` on the rows of `part`, whose tokens came from `preprocessing`. */
export async function evaluateRows(
  model: Pick<TrainedModel, "config" | "labels" | "version">,
  part: LoadedPart,
  preprocessing: Preprocessing,
): Promise<Evaluation> {
  return evaluateProbabilities(await predictTable(model, part.table), model.labels, part, preprocessing);
}

/** Evaluates the `probabilities` of the rows of a part, `[rows, labels]`. */
export function evaluateProbabilities(
  probabilities: Float32Array,
  labels: readonly string[],
  { table, places }: LoadedPart,
  preprocessing: Preprocessing,
): Evaluation {
  const mistakes = worstMistakes(table.labels, probabilities, MISTAKES).map(({ row, label, given, confidence }) => ({
    place: placeOf(places, row),
    text: excerpt(preprocessing.decode(table.tokens.subarray(table.offsets[row], table.offsets[row + 1]))),
    label: labels[label]!,
    given: labels[given]!,
    confidence,
  }));
  return { ...evaluatePredictions(labels, table.labels, probabilities), mistakes };
}

/** Returns only the metrics, as they stand in a summary. */
export function metricsOf({ rows, loss, accuracy, macroF1, calibrationError }: RowMetrics): RowMetrics {
  return { rows, loss, accuracy, macroF1, calibrationError };
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
