/**
 * Writes and reads `model/` of a run: a standard LayersModel (`model.json`, `weights.bin`), and `lockstep.json` with
 * the rest that predictions need. A model of text also has `preprocessing.json`, which turns a text into tokens, and
 * `ngrams.safetensors` if it is combined with n-grams.
 */
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { savedConfigSchema } from "../../config/saved_config.ts";
import { DamagedFile } from "../../base/errors.ts";
import { type PreprocessingJson, preprocessingShape } from "../../data/encode/preprocessing.ts";
import { readSavedWeights, saveLayersModel } from "../../model/formats/layers_model.ts";
import { decodeSafetensors, encodeSafetensors } from "../../model/formats/safetensors.ts";
import { trainedModel } from "../../model/task_model.ts";
import {
  checked,
  checkedShape,
  FOLDER_MODE,
  readBytes,
  readJson,
  unlessMissing,
  writeJson,
  writeWhole,
} from "./files.ts";
import { sha256 } from "../../base/sha256.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";
import { ngramNumbers, ngramNumbersShape, ngramsOf, ngramTensors } from "../../standalone/ngram_tensors.ts";

export const PREPROCESSING = "preprocessing.json";
export const NGRAMS = "ngrams.safetensors";

const share = z.number().min(0).max(1);

/** One point for each thousandth of precision, and both ends. */
const MOST_POINTS = 1001;

const savedModelSchema = z.object({
  run: z.string(),
  round: z.int(),
  digest: z.string(),
  labels: z.array(z.string()),
  config: savedConfigSchema,
  /** SHA-256 of `model.json` and of `weights.bin`. */
  modelDigest: z.string(),
  weightsDigest: z.string(),
  /** SHA-256 of `preprocessing.json`, if the model has one. */
  preprocessingDigest: z.string().optional(),
  /** Numbers and SHA-256 of `ngrams.safetensors`, if the model has one. */
  ngrams: z.looseObject({ digest: z.string() }).optional(),
  /** See Rejection; absent in models of earlier versions. */
  rejection: z.object({
    threshold: share,
    points: z.array(z.object({ threshold: share, precision: share, coverage: share })).max(MOST_POINTS),
  }).optional(),
  /** `[labels]`: the least probability of each label, if a row may have several. */
  thresholds: z.array(share).optional(),
  /** SHA-256 of the other fields of this file. */
  checksum: z.string(),
});

/** Returns the checksum of an object without its `checksum`, as JSON with its keys in their present order. */
function checksumOf(about: Readonly<Record<string, unknown>>): Promise<string> {
  const { checksum: _, ...rest } = about;
  return sha256(new TextEncoder().encode(JSON.stringify(rest)));
}

/** Writes `model/` into the run's directory. */
export async function writeModel(directory: string, model: TrainedModel): Promise<void> {
  const { run, config, labels, version, preprocessing } = model;
  const { spec, layout } = trainedModel(config, labels);
  const files = saveLayersModel(spec, layout, version.weights);
  const folder = join(directory, "model");
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  for (const [name, bytes] of Object.entries(files)) await writeWhole(join(folder, name), bytes);
  const { round, digest, ngrams, rejection, thresholds } = version;
  const modelDigest = await sha256(files["model.json"]);
  const weightsDigest = await sha256(files["weights.bin"]);
  const textBytes = preprocessing && new TextEncoder().encode(JSON.stringify(preprocessing));
  const ngramBytes = ngrams && encodeSafetensors({ metadata: {}, tensors: ngramTensors(ngrams.model) });
  const about = {
    ...{ run, round, digest, labels, config, model: spec, modelDigest, weightsDigest },
    ...textBytes && { preprocessingDigest: await writeBytes(join(folder, PREPROCESSING), textBytes) },
    ...ngramBytes &&
      { ngrams: { ...ngramNumbers(ngrams), digest: await writeBytes(join(folder, NGRAMS), ngramBytes) } },
    ...rejection && { rejection },
    ...thresholds && { thresholds },
  };
  // It comes last, as it has the digests of the others: without it the run has no model.
  await writeJson(join(folder, "lockstep.json"), { ...about, checksum: await checksumOf(about) });
}

/** Reads the model in the run's directory. Throws a RangeError that names the file if one is damaged. */
export function readModel(directory: string): Promise<TrainedModel> {
  return readModelFolder(join(directory, "model"));
}

/** Tells whether `folder` is the model of a run, or an export with the same files. */
export async function isModelFolder(folder: string): Promise<boolean> {
  const files = ["lockstep.json", "model.json"].map((name) => unlessMissing(() => stat(join(folder, name))));
  return (await Promise.all(files)).every((found) => found !== undefined);
}

/** Reads the model in `folder`, as `readModel` does. */
export async function readModelFolder(folder: string): Promise<TrainedModel> {
  const path = join(folder, "lockstep.json");
  const value = await readJson(path, z.unknown());
  const saved = checked(path, value, savedModelSchema);
  const { run, round, digest, labels, config, preprocessingDigest, ngrams, rejection, thresholds, checksum } = saved;
  if (await checksumOf({ ...Object(value) }) !== checksum) {
    throw new DamagedFile(path, "its content does not have its checksum");
  }
  const json = await readDigested(join(folder, "model.json"), saved.modelDigest);
  const bin = await readDigested(join(folder, "weights.bin"), saved.weightsDigest);
  const { spec, layout } = trainedModel(config, labels);
  const preprocessing = preprocessingDigest === undefined
    ? undefined
    : await readPreprocessing(join(folder, PREPROCESSING), preprocessingDigest);
  const numbers = ngrams && checkedShape(path, ngrams, ngramNumbersShape, "ngrams");
  const ofNgrams = ngrams && await readDigested(join(folder, NGRAMS), ngrams.digest);
  const version = {
    round,
    digest,
    weights: readSavedWeights(json, bin, layout),
    ...numbers && ofNgrams &&
      { ngrams: ngramsOf(decodeSafetensors(ofNgrams).tensors, numbers, spec, preprocessing) },
    ...rejection && { rejection },
    ...thresholds && { thresholds },
  };
  return { run, config, labels, version, ...preprocessing && { preprocessing } };
}

async function readPreprocessing(path: string, digest: string): Promise<PreprocessingJson> {
  await readDigested(path, digest);
  return checkedShape(path, await readJson(path, z.unknown()), preprocessingShape, "preprocessing");
}

/** Writes a file and returns its SHA-256. */
async function writeBytes(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  await writeWhole(path, bytes);
  return await sha256(bytes);
}

/** Reads the bytes at `path`. Throws a DamagedFile if they do not have the SHA-256 `digest` of `lockstep.json`. */
async function readDigested(path: string, digest: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBytes(path);
  if (await sha256(bytes) === digest) return bytes;
  throw new DamagedFile(path, "its content does not match its digest in lockstep.json");
}
