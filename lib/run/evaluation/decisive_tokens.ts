/** Finds the tokens on which most mistakes of a model depend. */
import { inTurns } from "../../base/turns.ts";
import type { EncodedTable } from "../../data/batches/table.ts";
import type { Preprocessing } from "../../data/encode/preprocessing.ts";
import { mostProbable } from "../../data/metrics.ts";
import { labelledRows, labelsAt } from "../../data/several.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import { labelsAbove } from "../../model/thresholds.ts";
import { trainedModel } from "../../model/task_model.ts";
import { BatchPredictor } from "../../predict/batch_predictor.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";
import type { Reading } from "../../standalone/readings.ts";

/** Mistakes that are explained: some hundred a second. */
const MOST_MISTAKES = 1000;

/** Tokens that are listed. */
const MOST_TOKENS = 20;

/** Sequences in a call of the engine. */
const BATCH = 64;

/**
 * Explains the class that each wrong row of `table` was given against its own, and counts the tokens that add most. With
 * `thresholds` a row may have several labels: each wrong or missing one is explained. Unknown tokens count together.
 * `probabilities` is `[rows, labels]`.
 */
export async function decisiveTokens(
  { config, labels, version }: Pick<TrainedModel, "config" | "labels" | "version">,
  table: EncodedTable,
  probabilities: Float32Array,
  { decode }: Pick<Preprocessing, "decode">,
  { native, thresholds }: {
    readonly native: NativeLibrary | undefined;
    /** `[labels]`, where a row may have several. */
    readonly thresholds?: readonly number[] | undefined;
  },
): Promise<NonNullable<Evaluation["decisive"]>> {
  const wrong = mistakesOf(table, probabilities, labels.length, thresholds).slice(0, MOST_MISTAKES);
  const maxLength = wrong.reduce((most, { row }) => Math.max(most, table.offsets[row + 1]! - table.offsets[row]!), 1);
  const { spec } = trainedModel(config, labels);
  const options = { config, spec, preprocessing: undefined, maxBatch: BATCH, maxLength, native };
  const predictor = await BatchPredictor.open(options);
  predictor.setNewest(version);
  const found = new Map<number, Mistake[]>();
  const name = (label: number) => labels[label] ?? "no label";
  await inTurns((function* () {
    for (const mistake of wrong) {
      const { row, label, given } = mistake;
      const reading = readingOf(table, row);
      // A label that is missing is explained by what speaks most against it.
      const { weights } = predictor.explainRow(reading, given < 0 ? [label, given] : [given, label]);
      const token = reading.tokens[mostProbable(given < 0 ? weights.map((weight) => -weight) : weights)]!;
      found.set(token, [...found.get(token) ?? [], mistake]);
      yield;
    }
  })());
  const sorted = [...found].sort(([, a], [, b]) => b.length - a.length).slice(0, MOST_TOKENS);
  return sorted.map(([id, mistakes]) => {
    const { label, given } = mostFrequent(mistakes);
    return { token: decode([id])[0] ?? "", rows: mistakes.length, label: name(label), given: name(given) };
  });
}

/** A row with a label in place of its own, or only one of both: -1 is no label. */
interface Mistake {
  readonly row: number;
  readonly label: number;
  readonly given: number;
}

function mistakesOf(
  table: EncodedTable,
  probabilities: Float32Array,
  classes: number,
  thresholds: readonly number[] | undefined,
): Mistake[] {
  return Array.from({ length: labelledRows(table) }, (_, row): Mistake[] => {
    const [own, values] = [[...labelsAt(table, row)], probabilities.subarray(row * classes, (row + 1) * classes)];
    if (!thresholds) {
      const given = mostProbable(values);
      return given === own[0] ? [] : [{ row, label: own[0]!, given }];
    }
    const given = labelsAbove(values, thresholds);
    return [
      ...given.filter((label) => !own.includes(label)).map((label) => ({ row, label: -1, given: label })),
      ...own.filter((label) => !given.includes(label)).map((label) => ({ row, label, given: -1 })),
    ];
  }).flat();
}

function mostFrequent(mistakes: readonly Mistake[]): Mistake {
  const groups = Map.groupBy(mistakes, ({ label, given }) => `${label} ${given}`);
  return [...groups.values()].reduce((most, group) => group.length > most.length ? group : most, [])[0]!;
}

/** Returns a row of `table` as an input is read. */
function readingOf({ tokens, offsets, unknown }: EncodedTable, row: number): Reading {
  const own = tokens.subarray(offsets[row], offsets[row + 1]);
  if (!unknown) return { tokens: own };
  const { before, keys } = unknown;
  const bounds = keys.offsets.slice(before[row]!, before[row + 1]! + 1);
  const [first = 0] = bounds;
  return {
    tokens: own,
    unknown: { offsets: bounds.map((bound) => bound - first), keys: keys.keys.subarray(first, bounds.at(-1)) },
  };
}
