/** Finds the tokens on which most mistakes of a model depend. */
import { inTurns } from "../../base/turns.ts";
import type { EncodedTable } from "../../data/batches/table.ts";
import type { Preprocessing } from "../../data/encode/preprocessing.ts";
import { mostProbable } from "../../data/metrics.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import type { Evaluation } from "../../model/evaluation.ts";
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
 * Explains the class that each wrong row of `table` was given against its own, and counts the tokens that add most. Unknown
 * tokens count together. `probabilities` is `[rows, labels]`.
 */
export async function decisiveTokens(
  { config, labels, version }: Pick<TrainedModel, "config" | "labels" | "version">,
  table: EncodedTable,
  probabilities: Float32Array,
  { decode }: Pick<Preprocessing, "decode">,
  native: NativeLibrary | undefined,
): Promise<NonNullable<Evaluation["decisive"]>> {
  const wrong = Array.from(table.labels, (label, row) => {
    return { row, label, given: mostProbable(probabilities, row * labels.length, labels.length) };
  }).filter(({ label, given }) => label !== given).slice(0, MOST_MISTAKES);
  const maxLength = wrong.reduce((most, { row }) => Math.max(most, table.offsets[row + 1]! - table.offsets[row]!), 1);
  const { spec } = trainedModel(config, labels);
  const options = { config, spec, preprocessing: undefined, maxBatch: BATCH, maxLength, native };
  const predictor = await BatchPredictor.open(options);
  predictor.setNewest(version);
  const found = new Map<number, Mistake[]>();
  await inTurns((function* () {
    for (const { row, label, given } of wrong) {
      const reading = readingOf(table, row);
      const { weights } = predictor.explainRow(reading, [given, label]);
      const token = reading.tokens[mostProbable(weights)]!;
      found.set(token, [...found.get(token) ?? [], { label, given }]);
      yield;
    }
  })());
  const sorted = [...found].sort(([, a], [, b]) => b.length - a.length).slice(0, MOST_TOKENS);
  return sorted.map(([id, mistakes]) => {
    const { label, given } = mostFrequent(mistakes);
    return { token: decode([id])[0] ?? "", rows: mistakes.length, label: labels[label]!, given: labels[given]! };
  });
}

interface Mistake {
  readonly label: number;
  readonly given: number;
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
