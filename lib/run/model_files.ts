/**
 * `model/` of a run: a standard LayersModel (`model.json`, `weights.bin`) and, beside it, `lockstep.json` with all else
 * that predicting needs.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type TrainingConfig, trainingConfigSchema } from "../config/schema.ts";
import { readSavedWeights } from "../model/saved_weights.ts";
import { saveLayersModel } from "../model/save.ts";
import { trainedModel } from "../model/task_model.ts";
import { readJson, writeJson, writeWhole } from "./files.ts";
import { sha256 } from "./manifest.ts";
import type { ModelVersion } from "./model_version.ts";

const savedModelSchema = z.object({
  run: z.string(),
  round: z.int(),
  digest: z.string(),
  labels: z.array(z.string()),
  config: trainingConfigSchema,
  /** SHA-256 of `weights.bin`. */
  weightsDigest: z.string(),
  /** SHA-256 of all else in this file. */
  checksum: z.string(),
});

/** Of an object without its own checksum, as JSON with its keys in the order that they have. */
function checksumOf(about: Readonly<Record<string, unknown>>): Promise<string> {
  const { checksum: _, ...rest } = about;
  return sha256(new TextEncoder().encode(JSON.stringify(rest)));
}

export interface SavedModel {
  readonly run: string;
  readonly config: TrainingConfig;
  /** Class names; a label is a position in this list. */
  readonly labels: readonly string[];
  readonly version: ModelVersion;
}

/** Writes `model/` into the run's directory. Loads tfjs. */
export async function writeModel(directory: string, { run, config, labels, version }: SavedModel): Promise<void> {
  const { spec, layout } = trainedModel(config, labels);
  const files = await saveLayersModel(spec, layout, version.weights);
  const folder = join(directory, "model");
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeWhole(join(folder, name), bytes);
  const { round, digest } = version;
  const weightsDigest = await sha256(files["weights.bin"]);
  // Last, as it names the other two: without it there is no model.
  const about = { run, round, digest, labels, config, model: spec, weightsDigest };
  await writeJson(join(folder, "lockstep.json"), { ...about, checksum: await checksumOf(about) });
}

/** The model in the run's directory. Throws a RangeError that names the file if one is damaged. */
export async function readModel(directory: string): Promise<SavedModel> {
  const folder = join(directory, "model");
  const path = join(folder, "lockstep.json");
  const value = await readJson(path);
  const parsed = savedModelSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new RangeError(`Cannot read "${path}": ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { run, round, digest, labels, config, weightsDigest, checksum } = parsed.data;
  if (await checksumOf({ ...Object(value) }) !== checksum) {
    throw new RangeError(`Cannot read "${path}": its content does not have its checksum`);
  }
  const [json, bin] = await Promise.all(["model.json", "weights.bin"].map((name) => readFile(join(folder, name))));
  if (await sha256(Uint8Array.from(bin!)) !== weightsDigest) {
    throw new RangeError(`Cannot read "${join(folder, "weights.bin")}": its content is not what lockstep.json names`);
  }
  const { layout } = trainedModel(config, labels);
  return { run, config, labels, version: { round, digest, weights: readSavedWeights(json!, bin!, layout) } };
}
