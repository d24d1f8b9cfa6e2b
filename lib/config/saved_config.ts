/**
 * Parses the config in a file of a run directory, written by this version or by an earlier one. A key that the earlier
 * version did not know has the meaning of that version, which may differ from the default of a new run.
 */
import { z } from "zod";
import { isRecord } from "../base/record.ts";
import { type TrainingConfig, trainingConfigSchema } from "./schema.ts";

/**
 * The meaning of an absent key, if it is not the key's default. Add a line for every new key whose default changes the
 * result of a run, such as `normalization: "none"`.
 */
const ABSENT_MEANS: Partial<TrainingConfig> = { tokenizer: "words", labels: "one", biasInit: "random" };

/** Parses a saved config, with `absentMeans` for the keys that it lacks. */
export function savedConfig(absentMeans: Partial<TrainingConfig>): z.ZodType<TrainingConfig> {
  return z.preprocess((saved) => isRecord(saved) ? { ...absentMeans, ...saved } : saved, trainingConfigSchema);
}

export const savedConfigSchema = savedConfig(ABSENT_MEANS);
