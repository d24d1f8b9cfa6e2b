/**
 * Examines the labels of data by cross-validation: how well models do on rows that they have not seen, which labels are probably
 * wrong, which rows are almost equal but have different labels, which classes are mixed up, and which need rows.
 */
import { counted } from "../../base/counted.ts";
import { inputError } from "../../base/errors.ts";
import { inTurns } from "../../base/turns.ts";
import { rowsOf } from "../../data/batches/table.ts";
import { tokenKeysOf } from "../../data/encode/preprocessing.ts";
import { placeOf } from "../../data/encode/table_builder.ts";
import { Duplicates } from "../../data/findings/duplicates.ts";
import { findNearDuplicates, tokensOf } from "../../data/findings/near_duplicates.ts";
import type { LoadedData } from "../../data/load/loaded_data.ts";
import { rowsAt, textOf } from "../../data/row_texts.ts";
import { labelsAt } from "../../data/several.ts";
import { readingOf } from "../../formats/columns.ts";
import type { ReadOptions } from "../../formats/read_options.ts";
import type { Examination } from "../../model/examination.ts";
import type { RowFindings } from "../../model/label_findings.ts";
import { crossValidate, type FoldThreads } from "../../ngrams/folds/cross_validate.ts";
import { drawFolds, loneFolds, strataOf } from "../../ngrams/folds/draw_folds.ts";
import { ngramSpace } from "../../ngrams/features.ts";
import { evaluateLabels, evaluateSeveralLabels } from "./evaluate_labels.ts";

/** Most rows that are listed with their texts, pairs of classes, and classes. */
const [LISTED, PAIRS, THIN] = [20, 10, 10];

/** A class needs more rows in any case if it has fewer than this for each fold. */
const FEW_PER_FOLD = 2;

export interface Examined {
  readonly examination: Examination;
  /** Returns what is found about a row of the training files, in their order. */
  readonly findingsOf: (row: number) => RowFindings;
}

export interface ExaminationOptions extends ReadOptions {
  readonly folds: number;
  readonly seed: number;
  readonly threads: FoldThreads;
}

/**
 * Examines the training rows of `data`. Copies of a row, and rows of a group, are in one fold. Throws an InputError for too few
 * or too many rows, and the reason of an aborted signal.
 */
export async function examineLabels(data: LoadedData, options: ExaminationOptions): Promise<Examined> {
  const { folds, seed, threads } = options;
  const { labels: names, training: { table, places }, preprocessing } = data;
  const [rows, classes] = [rowsOf(table), names.length];
  if (rows < folds) {
    throw inputError("crossValidate", `${counted(rows, "row")} cannot be divided into ${folds} folds`);
  }
  threads.signal?.throwIfAborted();
  const foldOf = drawFolds(strataOf(table, classes), await inTurns(groupsOf(data)), folds, seed);
  const lone = loneFolds(table, foldOf, classes);
  const others = data.statistics.vocabulary.vectors?.others ?? 0;
  const space = ngramSpace(preprocessing.tokenizer.kind, data.vocabulary - others);
  const vocabulary = tokenKeysOf(preprocessing);
  const problem = {
    table,
    classes,
    space,
    vocabulary,
    ...data.vectors && { vectors: data.vectors },
    foldOf,
    folds,
    seed,
  };
  const probabilities = await crossValidate(problem, threads);
  const evaluate = table.labelOffsets ? evaluateSeveralLabels : evaluateLabels;
  const isKnown = (label: number) => lone[label]! < 0;
  const found = await evaluate({ names, labelled: table, probabilities, foldOf, folds, isKnown });
  const { partners, shares } = await inTurns(findNearDuplicates(table));
  threads.signal?.throwIfAborted();

  const suspected = new Set(found.suspects);
  const namesOf = (labels: ArrayLike<number>) => Array.from(labels, (label) => names[label]!);
  const findingsOf = (row: number): RowFindings => {
    const likely = found.likelyOf(row);
    const partner = partners[row]!;
    const [labels, likelyLabels] = [namesOf(labelsAt(table, row)), namesOf(likely.labels)];
    const near = partner >= 0 &&
      { place: placeOf(places, partner), label: joined(namesOf(labelsAt(table, partner))), share: shares[row]! };
    return {
      place: placeOf(places, row),
      label: joined(labels),
      probability: found.ofLabel[row]!,
      likely: joined(likelyLabels),
      likelyProbability: likely.probability,
      ...table.labelOffsets && { labels, likelyLabels },
      isSuspect: suspected.has(row),
      ...near && { near },
    };
  };
  // Equal rows are conflicts of their own.
  const paired = Uint32Array.from(partners.keys()).filter((row) => partners[row]! >= 0 && shares[row]! < 1);
  // The first of two rows that are most similar to each other is listed.
  const pairs = paired.filter((row) => row < partners[row]! || partners[partners[row]!] !== row)
    .sort((a, b) => shares[b]! - shares[a]! || a - b);
  const listed = [found.suspects, pairs].map((rows) => Array.from(rows.subarray(0, LISTED), findingsOf));
  const [suspects, near] = await withTexts(listed, data, options);
  const { accuracy, macroF1, microF1 } = found;
  return {
    examination: {
      rows,
      accuracy,
      macroF1,
      ...microF1 !== undefined && { microF1 },
      folds: found.folds,
      spread: deviation(found.folds),
      suspects: { rows: found.suspects.length, examples: suspects! },
      nearDuplicates: { rows: paired.length, examples: near! },
      confused: found.mixups.slice(0, PAIRS)
        .map(({ label, given, rows }) => ({ label: names[label]!, given: names[given]!, rows })),
      thin: thinClasses({ ...found, rows }, folds, lone),
    },
    findingsOf,
  };
}

/** Names the labels of a row that may have several, as evaluations do. */
function joined(labels: readonly string[]): string {
  return labels.length === 0 ? "no label" : labels.join(", ");
}

/**
 * Returns a group of each row: that of its column, or else the first row with the same tokens, because no row may be predicted
 * by a model of its copies.
 */
function* groupsOf({ groups, training: { table } }: LoadedData): Generator<void, Uint32Array, void> {
  if (groups) return groups;
  const duplicates = new Duplicates();
  const firsts = new Uint32Array(rowsOf(table));
  for (let row = 0; row < firsts.length; row++) {
    const tokens = tokensOf(table, row);
    firsts[row] = duplicates.add(tokens, tokens.length, row, 0).first;
    yield;
  }
  duplicates.clear();
  return firsts;
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Lists classes with very few rows, and those with less than half of the rows of the mean class and a lower F1. */
function thinClasses(
  { classes, rows, macroF1 }: Pick<ReturnType<typeof evaluateLabels>, "classes" | "macroF1"> & {
    readonly rows: number;
  },
  folds: number,
  lone: Int16Array,
): Examination["thin"] {
  return classes.map(({ label, support, f1 }, k) => ({ label, rows: support, f1: lone[k]! < 0 ? f1 : null }))
    .filter(({ rows: own, f1 }) => own < FEW_PER_FOLD * folds || 2 * own < rows / classes.length && (f1 ?? 0) < macroF1)
    .sort((a, b) => a.rows - b.rows).slice(0, THIN);
}

/** Adds the texts of rows, which are read again from their files. */
async function withTexts(
  lists: readonly (readonly RowFindings[])[],
  { training: { places }, preprocessing }: LoadedData,
  options: ReadOptions,
): Promise<RowFindings[][]> {
  const wanted = [...new Set(lists.flat().map(({ place }) => place))];
  const texts = new Map(wanted.map((place) => [place, places.texts.at(place) ?? ""]));
  const reading = { ...options, ...readingOf(preprocessing.columns) };
  for await (const { place, row } of rowsAt(wanted, places.sources, reading)) texts.set(place, textOf(row));
  return lists.map((rows) => rows.map((row) => ({ ...row, text: texts.get(row.place)! })));
}
