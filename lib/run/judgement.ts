/** How well a model does on rows that were read from files: the figures, and the mistakes that say most. */
import { z } from "zod";
import type { LoadedPart } from "../data/assemble.ts";
import { openPreprocessing, type Preprocessing } from "../data/preprocessing.ts";
import { placeOf } from "../data/table_builder.ts";
import { evaluatePredictions, worstMistakes } from "../model/evaluation.ts";
import type { Summary } from "../events.ts";
import type { DataSource } from "./run_data.ts";
import { predictTable, type TrainedModel } from "./predict_table.ts";

/** Mistakes that are told of. */
const MISTAKES = 20;

/** Characters of a row that are shown. */
const EXCERPT = 300;

export const judgementSchema = z.object({
  rows: z.int(),
  /** Mean cross-entropy in nats. */
  loss: z.number(),
  accuracy: z.number(),
  macroF1: z.number(),
  /** Expected calibration error over 15 bins. */
  calibrationError: z.number(),
  classes: z.array(z.object({
    label: z.string(),
    support: z.int(),
    precision: z.number(),
    recall: z.number(),
    f1: z.number(),
  })),
  /** `[class of the row][class it was given]`: rows. */
  confusion: z.array(z.array(z.int())),
  /** The most confident first. */
  mistakes: z.array(z.object({
    /** Where the row was read: `tickets.csv:18`. */
    place: z.string(),
    /** What the model read of it. */
    text: z.string(),
    label: z.string(),
    given: z.string(),
    confidence: z.number(),
  })),
});
export type Judgement = z.infer<typeof judgementSchema>;

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

/** Of a run's own rows. */
export interface Judgements {
  readonly validation: Judgement;
  readonly test?: Judgement;
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
