/** Finds the rows that a run was trained on, to read them again. */
import type { ReadingRules } from "../../base/normal_form.ts";
import { inputError } from "../../base/errors.ts";
import { join } from "node:path";
import { type DataOptions, dataOptionsSchema } from "../../config/data_shape.ts";
import { type DataStatistics, dataStatisticsSchema } from "../../data/statistics.ts";
import { checked, unlessMissing } from "../files/files.ts";
import { readManifest } from "../files/manifest.ts";
import { VECTORS } from "../files/vectors_file.ts";
import { readMetricsFile } from "../files/metrics_files.ts";

export interface RunRows {
  readonly id: string;
  /** The files of its training rows. */
  readonly sources: readonly string[];
  /** How it read them. */
  readonly options: DataOptions & { readonly seed: number; readonly rules: ReadingRules };
  /** Throws an InputError unless its training rows have these statistics. */
  readonly refuseOthers: (statistics: DataStatistics) => void;
}

/** Reads which rows the run in `directory` was trained on. Throws an InputError if they are in no file. */
export async function rowsOfRun(directory: string): Promise<RunRows> {
  const { id, config, rules = 1, statisticsDigest } = await readManifest(directory);
  if (config.task !== "table" || config.data.includes("-")) {
    throw inputError("run", `Run ${id} was not trained on files: its rows cannot be read again`);
  }
  const path = join(directory, "data.json");
  const json = await unlessMissing(() => readMetricsFile(path, statisticsDigest, dataStatisticsSchema));
  const saved = json && checked(path, JSON.parse(new TextDecoder().decode(json)), dataStatisticsSchema);
  const own = Object.entries(config).filter(([key]) => key in dataOptionsSchema.shape);
  const vectors = config.vectors === "" ? "" : join(directory, VECTORS);
  return {
    id,
    sources: config.data,
    options: { ...dataOptionsSchema.parse({ ...Object.fromEntries(own), vectors }), seed: config.seed, rules },
    refuseOthers(statistics) {
      for (const [at, { name, sha256 }] of trainingFiles(statistics).entries()) {
        if (!saved || trainingFiles(saved)[at]?.sha256 === sha256) continue;
        throw inputError("run", `"${name}" is no longer the file that run ${id} was trained on: its digest differs`);
      }
    },
  };
}

function trainingFiles({ sources }: DataStatistics): DataStatistics["sources"] {
  return sources.filter(({ role }) => role === "training");
}
