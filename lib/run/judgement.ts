/** How well a model does on rows that were read from files: the figures, and the mistakes that say most. */
import type { LoadedPart } from "../data/assemble.ts";
import { openPreprocessing, type Preprocessing } from "../data/preprocessing.ts";
import { placeOf } from "../data/table_builder.ts";
import { evaluatePredictions, worstMistakes } from "../model/evaluation.ts";
import type { Summary } from "../events.ts";
import type { DataSource } from "./run_data.ts";
import type { Judgement, Judgements } from "./judgement_schema.ts";
import { predictTable, type TrainedModel } from "./predict_table.ts";

/** Mistakes that are told of. */
const MISTAKES = 20;

/** Characters of a row that are shown. */
const EXCERPT = 300;

/** Judges `model` by the rows of `part`; `preprocessing` is what their tokens came from. */
export async function judge(model: TrainedModel, part: LoadedPart, preprocessing: Preprocessing): Promise<Judgement> {
  const { table, places } = part;
  const probabilities = await predictTable(model, table);
  const { labels } = model;
  const { classes, confusion, ...figures } = evaluatePredictions(labels, table.labels, probabilities);
  const mistakes = worstMistakes(table.labels, probabilities, MISTAKES).map(({ row, label, given, confidence }) => ({
    place: placeOf(places, row),
    text: excerpt(preprocessing.decode(table.tokens.subarray(table.offsets[row], table.offsets[row + 1]))),
    label: labels[label]!,
    given: labels[given]!,
    confidence,
  }));
  return { ...figures, classes: [...classes], confusion: confusion.map((row) => [...row]), mistakes };
}

/** Judges the model of a run by the rows that were kept from training. */
export async function judgeSource(model: TrainedModel, source: DataSource): Promise<Judgements> {
  const preprocessing = openPreprocessing(source.preprocessing);
  const validation = await judge(model, source.validation, preprocessing);
  return source.test ? { validation, test: await judge(model, source.test, preprocessing) } : { validation };
}

/** The figures alone, as they stand in a summary. */
export function figuresOf(
  { rows, loss, accuracy, macroF1, calibrationError }: Judgement,
): NonNullable<Summary["test"]> {
  return { rows, loss, accuracy, macroF1, calibrationError };
}

function excerpt(tokens: readonly (string | undefined)[]): string {
  const text = tokens.map((token) => token ?? "▯").join(" ");
  return text.length > EXCERPT ? `${text.slice(0, EXCERPT - 1)}…` : text;
}
