/**
 * The config of a run as a file of its directory holds it, written by this version or by an earlier one. A key that the
 * earlier version did not know means what that version did, which need not be the default of a new run.
 */
import { z } from "zod";
import { type TrainingConfig, trainingConfigSchema } from "./schema.ts";

/**
 * What a key means where it is absent, if that is not its default: add a line here with every key whose default changes
 * what a run comes to, such as `normalization: "none"`.
 */
const ABSENT_MEANS: Partial<TrainingConfig> = { tokenizer: "words" };

/** Parses a saved config, with `absentMeans` for the keys that it lacks. */
export function savedConfig(absentMeans: Partial<TrainingConfig>): z.ZodType<TrainingConfig> {
  const isObject = (saved: unknown) => saved instanceof Object && !Array.isArray(saved);
  return z.preprocess((saved) => isObject(saved) ? { ...absentMeans, ...Object(saved) } : saved, trainingConfigSchema);
}

export const savedConfigSchema = savedConfig(ABSENT_MEANS);
