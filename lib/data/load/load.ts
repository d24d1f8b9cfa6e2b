/**
 * Loads the data of a run: reads files, encodes and splits their rows, and counts what it finds. Batches are drawn elsewhere
 * (batches/). Start with loadData().
 */
import { NEWEST_RULES } from "../../base/normal_form.ts";
import { createHash } from "node:crypto";
import { InputError, type Problem } from "../../base/errors.ts";
import { type AssembledTraining, assembleEvaluation, assembleTraining, type LoadedPart } from "../encode/assemble.ts";
import { type EncodedPart, type Repetitions, SourceEncoder } from "../encode/encode_sources.ts";
import type { PreprocessingJson } from "../encode/preprocessing.ts";
import { sourceName } from "../../formats/bytes.ts";
import { refuseTwice } from "../../formats/rows.ts";
import { summarize } from "../findings/lengths.ts";
import { MOST_TOKENS } from "../../config/data_shape.ts";
import { problemsOf } from "../findings/problems.ts";
import type { LoadedData, LoadOptions } from "./loaded_data.ts";
import { refusals, splitWarnings, warnings } from "./refusals.ts";
import type { DataStatistics, RepeatedRows, Role } from "../statistics.ts";
import { createTokenizer, openTokenizer } from "../tokenizers/create_tokenizer.ts";
import { labelsAt } from "../several.ts";
import { hasLetters } from "../tokenizers/tokenizer.ts";
import { readWordVectors } from "../vectors/word_vectors.ts";

/** Reads, encodes and splits the data that `options` name. Throws an InputError for data that cannot be trained on. */
export async function loadData(options: LoadOptions): Promise<LoadedData> {
  const { data, refusals } = await inspectData(options, false);
  if (refusals.length > 0) throw new InputError(refusals);
  return data;
}

/** Loads the data, and returns the reasons why training would refuse it. `all` reads on after the first bad row. */
export async function inspectData(
  given: LoadOptions,
  all: boolean,
): Promise<{ readonly data: LoadedData; readonly refusals: readonly Problem[] }> {
  const { known, rules = NEWEST_RULES } = given;
  const options = known ? { ...given, ...optionsOf(known.preprocessing) } : given;
  const { validation, test } = options;
  const files: Readonly<Record<Role, readonly string[]>> = {
    training: options.sources,
    validation: typeof validation === "string" ? [validation] : [],
    test: test === "" ? [] : [test],
  };
  refuseTwice([...files.training, ...files.validation, ...files.test]);
  const tokenizer = known ? createTokenizer(known.preprocessing.tokenizer, rules) : await openTokenizer(options, rules);
  const encoder = new SourceEncoder(options, tokenizer, { ...options, rules }, known?.labels);
  const training = await encoder.encode(files.training, "training", all);
  const evaluation = async (sources: readonly string[]) =>
    sources.length === 0 ? undefined : await encoder.encode(sources, "evaluation", all);
  const parts = { training, validation: await evaluation(files.validation), test: await evaluation(files.test) };
  encoder.duplicates.clear();

  const names = encoder.labels();
  const before = known?.labels ?? [];
  const labels = [...before, ...sortedLabels(names.slice(before.length))];
  const positions = new Map(labels.map((label, position) => [label, position]));
  const assembling = {
    ...options,
    share: typeof validation === "number" ? validation : 0,
    classes: Uint16Array.from(names, (name) => positions.get(name)!),
    hasLetters: hasLetters(encoder.tokenizer.json.kind),
    known: known?.preprocessing,
    readVectors: options.vectors === ""
      ? undefined
      : (wanted: ReadonlySet<string>) =>
        readWordVectors(options.vectors, {
          wanted,
          mostOthers: Math.min(options.maxVectors, MOST_TOKENS - options.maxVocabulary),
          tokenizer: encoder.tokenizer,
          rules,
        }),
  };
  const assembled = await assembleTraining(training, encoder.tokens, assembling);
  const assemble = (part: EncodedPart | undefined) =>
    part && assembleEvaluation(part, encoder.tokens, assembled, assembling);
  const loaded = {
    training: assembled.training,
    validation: parts.validation ? assemble(parts.validation) : nonEmpty(assembled.validation),
    test: assemble(parts.test),
  };
  const data = {
    labels,
    preprocessing: {
      tokenizer: encoder.tokenizer.json,
      vocabulary: assembled.vocabulary.tokens(),
      maxLength: assembled.maxLength,
      truncate: options.truncate,
      // Runs by the first rules name none.
      ...rules !== 1 && { rules },
      ...assembled.bins && { columns: assembled.bins.columns },
    },
    vocabulary: assembled.vocabulary.size,
    maxLength: assembled.maxLength,
    ...loaded,
    vectors: assembled.vectors,
    groups: training.splitter?.groups?.(),
    keys: assembled.keys,
    statistics: statistics(encoder, parts, assembled, loaded, labels, assembling.share),
  };
  const bad = options.onBadRow === "stop" ? problemsOf(encoder.problems.listed, encoder.problems.count) : [];
  return { data, refusals: [...bad, ...refusals(data, options)] };
}

/** Returns the options that follow from the preprocessing of an earlier model. */
function optionsOf({ tokenizer, maxLength, truncate }: PreprocessingJson) {
  return { tokenizer: tokenizer.kind, maxLength, truncate };
}

function nonEmpty(part: LoadedPart): LoadedPart | undefined {
  return part.statistics.rows > 0 ? part : undefined;
}

/** Sorts by value if all labels are numbers, otherwise by UTF-16 units: the order is the same on every machine. */
function sortedLabels(names: readonly string[]): string[] {
  const numbers = names.every((name) => /^-?\d{1,15}(\.\d+)?$/.test(name));
  const byText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;
  return [...names].sort((a, b) => numbers ? Number(a) - Number(b) || byText(a, b) : byText(a, b));
}

type Parts<T> = Readonly<Record<"training", T> & Record<"validation" | "test", T | undefined>>;

function statistics(
  encoder: SourceEncoder,
  parts: Parts<EncodedPart>,
  assembled: AssembledTraining,
  loaded: Parts<LoadedPart>,
  labels: readonly string[],
  share: number,
): DataStatistics {
  const roles: readonly Role[] = ["training", "validation", "test"];
  const sources = roles.flatMap((role) => parts[role]?.sources.map((source) => ({ ...source, role })) ?? []);
  const hash = createHash("sha256");
  for (const { role, sha256 } of sources) hash.update(`${role} ${sha256}\n`);
  const counts = roles.map((role) => classCounts(loaded[role], labels.length));
  const classes = labels.map((label, index) => ({
    label,
    training: counts[0]![index]!,
    validation: counts[1]![index]!,
    test: counts[2]![index]!,
  }));
  const names = encoder.labels();
  const labelsText = (labels: ArrayLike<number>) => Array.from(labels, (label) => names[label]!).join(", ");
  const rowOf = (row: number) => ({ place: assembled.place(row), label: labelsText(labelsAt(parts.training, row)) });
  const example = (one: { place: string; label: string }, first: number) => {
    const { place: sameAs, label: sameLabel } = rowOf(first);
    return { ...one, sameAs, sameLabel };
  };
  const repeated = ({ count, examples }: Repetitions): RepeatedRows => ({
    rows: count,
    examples: examples.map(({ first, file, line, labels }) =>
      example({ place: `${sourceName(file)}:${line}`, label: labelsText(labels) }, first)
    ),
  });
  const { leaks } = assembled;
  const drawn = {
    rows: leaks.rows,
    examples: leaks.examples.map(({ row, sameAs }) => example(rowOf(row), sameAs)),
  };
  const listed = problemsOf(encoder.problems.listed, encoder.problems.listed.length);
  return {
    sources,
    digest: hash.digest("hex"),
    classes,
    ...parts.training.count === "many" && { labels: labelStatistics(Object.values(parts)) },
    parts: {
      training: loaded.training.statistics,
      validation: loaded.validation?.statistics,
      test: loaded.test?.statistics,
    },
    lengths: summarize(assembled.lengths),
    maxLength: assembled.maxLength,
    vocabulary: assembled.statistics,
    duplicates: repeated(parts.training.repeated),
    conflicts: repeated(parts.training.conflicting),
    leaks: {
      validation: parts.validation ? repeated(parts.validation.repeated) : loaded.validation && drawn,
      test: parts.test && repeated(parts.test.repeated),
    },
    ...assembled.values && { columns: assembled.values },
    ...assembled.split && { split: assembled.split },
    bad: { rows: encoder.problems.count, first: listed.map(({ message }) => message) },
    warnings: [...warnings(encoder, classes, loaded), ...splitWarnings(loaded, assembled.split, share)],
  };
}

/** Counts the labels of all rows. */
function labelStatistics(parts: readonly (EncodedPart | undefined)[]): NonNullable<DataStatistics["labels"]> {
  let [rows, labels, most, none] = [0, 0, 0, 0];
  for (const { labelOffsets } of parts.filter((part) => part !== undefined)) {
    rows += labelOffsets.length - 1;
    labels += labelOffsets.at(-1)!;
    for (let row = 1; row < labelOffsets.length; row++) {
      const own = labelOffsets[row]! - labelOffsets[row - 1]!;
      most = Math.max(most, own);
      if (own === 0) none++;
    }
  }
  return { mean: rows === 0 ? 0 : labels / rows, most, none };
}

/** Counts the rows of each class. */
export function classCounts(part: LoadedPart | undefined, classes: number): Uint32Array {
  const counts = new Uint32Array(classes);
  for (const label of part?.table.labels ?? []) counts[label]!++;
  return counts;
}
