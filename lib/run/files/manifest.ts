/** Reads and checks `run.json`, the manifest of a run. It is written once, before the run starts. */
import { createHash, type Hash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { readingRulesSchema } from "../../formats/read_options.ts";
import type { ConfigSource } from "../../config/resolve.ts";
import { DERIVED } from "../../config/rules.ts";
import { savedConfigSchema } from "../../config/saved_config.ts";
import { createBatch } from "../../data/batches/batch.ts";
import { createDataset } from "../../data/create_dataset.ts";
import type { Dataset } from "../../data/batches/dataset.ts";
import type { TrainingData } from "../../data/batches/table.ts";
import { errorMessage, inputError } from "../../base/errors.ts";
import { sha256 } from "../../base/sha256.ts";
import { inTurns } from "../../base/turns.ts";
import { runtimeVersions } from "../../platform/runtime.ts";
import { checked, readJson } from "./files.ts";
import project from "../../../deno.json" with { type: "json" };

export const manifestSchema = z.object({
  id: z.string(),
  startedAt: z.iso.datetime(),
  config: savedConfigSchema,
  labels: z.array(z.string()),
  /** The rules that read the rows of its files; the first ones if missing. */
  rules: readingRulesSchema.optional(),
  /** SHA-256 of the config in this file, with all its keys. */
  configDigest: z.string(),
  /** SHA-256 of the validation sequences; of a table, the digest that its reader gave. */
  dataDigest: z.string(),
  /** SHA-256 of the file of weights that the run starts from, if it has one. */
  weightsDigest: z.string().optional(),
  /** The run that this one continues from, and the digest of the state that it starts from. */
  from: z.object({ run: z.string(), digest: z.string() }).optional(),
  /** SHA-256 of `data.json`, if the run has one. */
  statisticsDigest: z.string().optional(),
  workers: z.int(),
  /** The full name of the engine that the run began with. Earlier versions had none. */
  engine: z.string().optional(),
  versions: z.record(z.string(), z.string()),
});

export type Manifest = z.infer<typeof manifestSchema>;

const writtenSchema = z.object({ config: z.record(z.string(), z.unknown()) });

/** Makes the manifest of a run that is about to start, without its id, which comes from its directory. */
export async function createManifest(
  run: Pick<Manifest, "startedAt" | "config" | "workers" | "engine">,
  data?: TrainingData,
  known: Pick<Manifest, "weightsDigest" | "from" | "statisticsDigest" | "rules"> = {},
): Promise<Omit<Manifest, "id">> {
  return {
    ...run,
    labels: [...(data ?? createDataset(run.config)).labels],
    configDigest: await configDigest(run.config),
    dataDigest: data?.digest ?? await dataDigest(createDataset(run.config)),
    ...known,
    versions: { lockstep: project.version, ...runtimeVersions() },
  };
}

/**
 * Reads the manifest of the run in `directory`. Throws an InputError if it cannot be read, or if the config or the data do
 * not match its digests. For the task `table`, the caller calls `checkData` with the digest of the data.
 */
export async function readManifest(directory: string): Promise<Manifest> {
  const path = join(directory, "run.json");
  const refuse = (message: string) => inputError("run", message);
  let value: unknown;
  let manifest: Manifest;
  try {
    value = await readJson(path, z.unknown());
    manifest = checked(path, value, manifestSchema);
  } catch (error) {
    throw refuse(errorMessage(error));
  }
  // The digest is of the config in the file: this version may have keys that the run's version had not.
  if (await configDigest(writtenSchema.parse(value).config) !== manifest.configDigest) {
    throw refuse(`The config in "${path}" is not the one that the run began with: its digest differs`);
  }
  if (manifest.config.task !== "table") checkData(manifest, await dataDigest(createDataset(manifest.config)));
  return manifest;
}

/** Throws an InputError if `digest` is not that of the data that the run of `manifest` began with. */
export function checkData(manifest: Manifest, digest: string | undefined): void {
  if (digest === manifest.dataDigest) return;
  const message = digest === undefined
    ? `Run ${manifest.id} was trained on files: expected their data`
    : `The data are not those that run ${manifest.id} began with: their digest differs`;
  throw inputError("run", message);
}

/** Returns the SHA-256, in hex, of the config as JSON with its keys in order. */
export function configDigest(config: Readonly<Record<string, unknown>>): Promise<string> {
  const entries = Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries))));
}

/** Returns the SHA-256, in hex, of the validation sequences: tokens, lengths and labels as 32-bit words. */
async function dataDigest(dataset: Dataset): Promise<string> {
  const hash = createHash("sha256");
  await inTurns(digesting(dataset, hash));
  return hash.digest("hex");
}

/** Limits the tokens of validation sequences that are generated at once. */
const TOKENS_AT_ONCE = 16_384;

/** Adds all tokens, then all lengths, then all labels to `hash`, a few sequences at a time. */
function* digesting(dataset: Dataset, hash: Hash): Generator<void, void, void> {
  const { heldOut, length } = dataset;
  const atOnce = Math.max(1, Math.floor(TOKENS_AT_ONCE / length));
  const [lengths, labels] = [new Int32Array(heldOut), new Int32Array(heldOut)];
  for (let first = 0; first < heldOut; first += atOnce) {
    const size = Math.min(atOnce, heldOut - first);
    const batch = createBatch(size, length);
    dataset.heldOutBatch(batch, first, size);
    hash.update(batch.tokens);
    lengths.set(batch.lengths, first);
    labels.set(batch.labels, first);
    yield;
  }
  hash.update(lengths);
  yield;
  hash.update(labels);
}

/**
 * Returns the values of the run in `directory` as a source of a config, for training it again. Values that follow from the
 * data are left to the data.
 */
export function manifestSource(directory: string, { config }: Pick<Manifest, "config">): ConfigSource {
  const own = Object.entries(config).filter(([key]) => config.task !== "table" || !(key in DERIVED));
  return { values: Object.fromEntries(own), nameOf: (key) => `"${key}" in ${directory}/run.json` };
}
