/** Opens a new run of a config: reads its files first, as the defaults of some options depend on their data. */
import { type DataSize, textDefaults } from "../../config/text_defaults.ts";
import type { Config } from "../../config/schema.ts";
import type { Resolve } from "../../config/resolve.ts";
import type { TrainingRunOptions } from "./prepare.ts";
import { inheritedConfig, openParent, refuseOtherModel } from "./parent.ts";
import { type ReadingOptions, readRunData } from "./reload_data.ts";
import type { RunData } from "./run_data.ts";
import { TrainingRun } from "./training_run.ts";

export type OpenOptions = Omit<TrainingRunOptions, "config" | "data" | "source"> & ReadingOptions;

/** Makes the run. Throws an InputError if the config or its data do not allow it. */
export async function openTraining(
  resolve: Resolve,
  { input, onRows, ...options }: OpenOptions,
): Promise<TrainingRun> {
  const given = resolve();
  if (given.task !== "table") return await TrainingRun.create({ ...options, config: given });
  const parent = await openParent(given);
  const inherited = parent && inheritedConfig(parent);
  const resolved: Resolve = (defaults) => {
    const config = resolve({ ...defaults, ...inherited });
    return parent ? { ...config, from: parent.directory } : config;
  };
  const config = resolved();
  if (parent) refuseOtherModel(config, parent);
  const read = await readRunData(config, { input, onRows, signal: options.signal });
  const { vectors } = read.source;
  const defaults = { ...textDefaults(dataSize(config, read)), ...vectors && { embedding: vectors.width } };
  return await TrainingRun.create({ ...options, ...read, config: resolved(defaults) });
}

/** Returns the size that the defaults depend on. Lists of tokens have the defaults of words, unless a tokenizer is named. */
export function dataSize(
  { tokenizer }: Pick<Config, "tokenizer">,
  { data, source: { statistics, preprocessing, vectors, parent } }: RunData,
): DataSize {
  const { rows, tokens } = statistics.parts.training!;
  const { kind } = preprocessing.tokenizer;
  return {
    rows,
    tokens,
    kind: kind === "huggingface" || tokenizer === "auto" ? "words" : kind,
    // Vectors from outside know rare words already.
    hasLetters: data.letters !== undefined && !vectors,
    isContinued: parent !== undefined,
  };
}
