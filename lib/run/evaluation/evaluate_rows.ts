/** How well a model does on rows that were read from files: the figures, and the mistakes that say most. */
import type { LoadedPart } from "../../data/encode/assemble.ts";
import type { Preprocessing } from "../../data/encode/preprocessing.ts";
import { placeOf } from "../../data/encode/table_builder.ts";
import { evaluatePredictions, worstMistakes } from "../../model/evaluation.ts";
import type { Summary } from "../../base/events.ts";
import type { Judgement } from "../files/evaluation_schema.ts";
import { predictTable } from "../../predict/predict_table.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";

/** Mistakes that are told of. */
const MISTAKES = 20;

/** Characters of a row that are shown. */
const EXCERPT = 300;

/** Judges `model` by the rows of `part`; `preprocessing` is what their tokens came from. */
export async function judge(
  model: Pick<TrainedModel, "config" | "labels" | "version">,
  part: LoadedPart,
  preprocessing: Preprocessing,
): Promise<Judgement> {
  return judgeBy(await predictTable(model, part.table), model.labels, part, preprocessing);
}

/** The same, where `probabilities` are what the model says of the rows, `[rows, labels]`. */
export function judgeBy(
  probabilities: Float32Array,
  labels: readonly string[],
  { table, places }: LoadedPart,
  preprocessing: Preprocessing,
): Judgement {
  const { classes, confusion, mixups, ...figures } = evaluatePredictions(labels, table.labels, probabilities);
  const mistakes = worstMistakes(table.labels, probabilities, MISTAKES).map(({ row, label, given, confidence }) => ({
    place: placeOf(places, row),
    text: excerpt(preprocessing.decode(table.tokens.subarray(table.offsets[row], table.offsets[row + 1]))),
    label: labels[label]!,
    given: labels[given]!,
    confidence,
  }));
  return {
    ...figures,
    classes: [...classes],
    ...confusion && { confusion: confusion.map((row) => [...row]) },
    mixups: [...mixups],
    mistakes,
  };
}

/** The figures alone, as they stand in a summary. */
export function figuresOf(
  { rows, loss, accuracy, macroF1, calibrationError }: NonNullable<Summary["test"]>,
): NonNullable<Summary["test"]> {
  return { rows, loss, accuracy, macroF1, calibrationError };
}

function excerpt(tokens: readonly (string | undefined)[]): string {
  const text = tokens.map((token) => token ?? "▯").join(" ");
  return text.length > EXCERPT ? `${text.slice(0, EXCERPT - 1)}…` : text;
}
