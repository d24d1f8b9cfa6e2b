/** What a run of the task `table` is trained on: read from the files that its config names. */
import { NEWEST_RULES, type ReadingRules } from "../../config/data_shape.ts";
import type { Config } from "../../config/schema.ts";
import type { LoadedPart } from "../../data/encode/assemble.ts";
import { loadData } from "../../data/load/load.ts";
import type { PreprocessingJson } from "../../data/encode/preprocessing.ts";
import { type DataStatistics, repetitions } from "../../data/statistics.ts";
import type { TrainingData } from "../../data/batches/table.ts";
import { unlessAborted } from "../../base/waiting.ts";
import { InputError } from "../../base/errors.ts";
import type { DataSummary } from "../../base/events.ts";
import { sha256 } from "../../base/sha256.ts";

/** What is known of data that came from files, beside what is trained on. */
export interface DataSource {
  /** From a text to tokens, to be saved with the model. */
  readonly preprocessing: PreprocessingJson;
  readonly statistics: DataStatistics;
  /** Keys of the training rows, in order; undefined where there are too many. */
  readonly keys: Float64Array<ArrayBuffer> | undefined;
  /** The validation rows, with the places where they were read. */
  readonly validation: LoadedPart;
  /** Rows that judge the finished model, if there are any. */
  readonly test: LoadedPart | undefined;
}

export interface RunData {
  readonly data: TrainingData;
  readonly source: DataSource;
}

/**
 * The data of a run that is taken up again, by the rules that it names, or the first ones; nothing if it generates its
 * own. Throws as `readRunData` does.
 */
export async function readDataAgain(
  config: Config,
  rules: ReadingRules | undefined,
  input?: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<Partial<RunData>> {
  return config.task === "table" ? await readRunData(config, input, signal, rules ?? 1) : {};
}

/**
 * Reads the files. Throws an InputError that names file and line if nothing can be learnt from them, and the reason of
 * `signal` if that aborts before they are read.
 */
export async function readRunData(
  config: Config,
  input?: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
  rules: ReadingRules = NEWEST_RULES,
): Promise<RunData> {
  const loaded = await unlessAborted(
    signal,
    loadData({ ...config, sources: config.data, rules, ...input && { input } }),
  );
  const { labels, vocabulary, maxLength, preprocessing, statistics, training, keys, validation, test } = loaded;
  if (!validation) {
    const message = `validation is ${config.validation}: expected a share of the rows above 0, or a file of rows`;
    throw new InputError([{ field: "validation", message }]);
  }
  // The rules have no part in it: what they make of the files has, and it is mostly the same. The preprocessing too, as a tokenizer may come from a file of its own.
  const { rules: _, ...content } = preprocessing;
  const digest = await sha256(new TextEncoder().encode(JSON.stringify([statistics.digest, content])));
  return {
    data: { labels, vocabulary, length: maxLength, training: training.table, validation: validation.table, digest },
    source: { preprocessing, statistics, keys, validation, test },
  };
}

/** What is told of the files when a run begins, and of what else there is to warn of. */
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
    truncated: training?.truncated ?? 0,
    skipped: bad.rows,
    warnings: [
      ...statistics.warnings,
      ...warnings,
      ...repetitions(statistics).flatMap(({ repeated: { rows }, text, isSuspect }) =>
        isSuspect && rows > 0 ? [`${text}: deno task check lists them`] : []
      ),
    ],
  };
}
