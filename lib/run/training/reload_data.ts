/** Reads the files that the config of a run names, which the task `table` trains on. */
import { NEWEST_RULES, type ReadingRules } from "../../base/normal_form.ts";
import { dirname, join } from "node:path";
import type { Config, TrainingConfig } from "../../config/schema.ts";
import { loadData } from "../../data/load/load.ts";
import { tokenKeysOf } from "../../data/encode/preprocessing.ts";
import { sharedKeys } from "../../data/encode/table_builder.ts";
import { hasLetters } from "../../data/tokenizers/tokenizer.ts";
import { repetitions } from "../../data/statistics.ts";
import { unlessAborted } from "../../base/waiting.ts";
import { inputError } from "../../base/errors.ts";
import type { DataSummary } from "../../base/events.ts";
import { sha256 } from "../../base/sha256.ts";
import { VECTORS, vectorsDigest } from "../files/vectors_file.ts";
import { readEarlierRows, withEarlierRows } from "./earlier_rows.ts";
import { openParent, type Parent } from "./parent.ts";
import type { DataSource, RunData } from "./run_data.ts";

/** Says how files are read. */
export interface ReadingOptions {
  /** Replaces standard input. */
  readonly input?: AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the number of rows so far. */
  readonly onRows?: ((rows: number) => void) | undefined;
}

/**
 * Reads the data of the run in `directory` again, by its rules or the first ones, and the vectors that it saved. Returns no
 * data for a run that generates them. Throws as `readRunData` does.
 */
export async function readDataAgain(
  directory: string,
  config: Config,
  rules: ReadingRules | undefined,
  options: ReadingOptions = {},
): Promise<Partial<RunData>> {
  if (config.task !== "table") return {};
  return await readRunData({ ...config, vectors: savedVectors(directory, config) }, options, rules ?? 1);
}

/** Returns the path of the vectors in the directory of the run with this config; "" if it has none. */
function savedVectors(directory: string, { vectors }: Pick<Config, "vectors">): string {
  return vectors === "" ? "" : join(directory, VECTORS);
}

/**
 * Reads the files, and those of the run that `config` continues from, of which the `share` of the training rows is used.
 * Throws an InputError that names file and line if they are no training data, and the reason of `signal` if it aborts
 * earlier.
 */
export async function readRunData(
  config: TrainingConfig & Pick<Config, "runsDir">,
  { input, signal, onRows }: ReadingOptions = {},
  rules: ReadingRules = NEWEST_RULES,
  share = config.replay,
): Promise<RunData> {
  const parent = await openParent(config);
  const own = await unlessAborted(
    signal,
    loadData({
      ...config,
      sources: config.data,
      rules: parent?.rules ?? rules,
      known: parent?.known,
      ...input && { input },
      ...onRows && { onRows },
    }),
  );
  const earlier = parent && config.replay > 0 ? await readParent(parent, { signal, onRows }) : undefined;
  const joined = earlier && withEarlierRows(own, earlier, { share, seed: config.seed });
  const { labels, vocabulary, maxLength, preprocessing, statistics, vectors, training, keys, validation, test } =
    joined ?? own;
  if (!validation) {
    const few = parent && config.validation !== 0 ? "no class of the new rows has two rows: " : "";
    const expected = `${few}expected a share of the rows above 0, or a file of rows${few && ", or `replay` above 0"}`;
    throw inputError("validation", `validation is ${config.validation}: ${expected}`);
  }
  // The digest covers the rows that the rules read, but not the rules. It covers the preprocessing, as a tokenizer may come
  // from a file of its own.
  const { rules: _, ...content } = preprocessing;
  const identity = [
    statistics.digest,
    content,
    ...vectors ? [await vectorsDigest(vectors)] : [],
    ...parent ? [{ labels, replay: config.replay, from: parent.manifest.dataDigest }] : [],
  ];
  const digest = await sha256(new TextEncoder().encode(JSON.stringify(identity)));
  const firstVector = vectors && { firstVector: vectors.first };
  const tables = { training: training.table, validation: validation.table };
  return {
    data: {
      labels,
      vocabulary,
      length: maxLength,
      ...hasLetters(preprocessing.tokenizer.kind) && { letters: sharedKeys(tokenKeysOf(preprocessing)) },
      ...firstVector,
      ...tables,
      digest,
    },
    source: {
      preprocessing,
      statistics,
      vectors,
      keys,
      training,
      validation,
      test,
      ...parent && { parent },
      ...joined && { all: joined.all, added: joined.added },
    },
  };
}

/** Throws an InputError unless a run that continues from the one in `directory` can use its rows again. */
export async function checkEarlierRows(directory: string): Promise<void> {
  const parent = await openParent({ from: directory, runsDir: dirname(directory) });
  if (parent) await readParent(parent, {}, "`retrainAfter` needs them, to see what the model forgets");
}

/** Reads all rows of `parent`, and those of its parents. */
function readParent(parent: Parent, reading: ReadingOptions, hint?: string): Promise<RunData> {
  const { directory, manifest: { config }, rules } = parent;
  const vectors = savedVectors(directory, config);
  const all = { ...config, vectors, test: "", runsDir: dirname(directory) };
  return readEarlierRows(parent, () => readRunData(all, reading, rules, 1), hint);
}

/** Returns the summary of the files that the event of a run's start has, with `warnings`. */
export function dataSummary({ statistics }: DataSource, warnings: readonly string[]): DataSummary {
  const { sources, parts, vocabulary, maxLength, bad } = statistics;
  const { training, validation, test } = parts;
  return {
    sources: sources.map(({ name }) => name),
    rows: training?.rows ?? 0,
    validation: validation?.rows ?? 0,
    test: test?.rows ?? null,
    vocabulary: vocabulary.size,
    known: vocabulary.known,
    length: maxLength,
    unknown: validation && validation.tokens > 0 ? validation.unknown / validation.tokens : 0,
    ...vocabulary.vectors && { vectors: vocabulary.vectors },
    truncated: training?.truncated ?? 0,
    skipped: bad.rows,
    warnings: [
      ...statistics.warnings,
      ...warnings,
      ...repetitions(statistics).flatMap(({ repeated: { rows }, text, isSuspect }) =>
        isSuspect && rows > 0 ? [`${text}: a check of the data lists them`] : []
      ),
    ],
  };
}
