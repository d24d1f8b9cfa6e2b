/** `run.json`: what a run is, written once before it starts. */
import { createHash, type Hash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { savedConfigSchema } from "../../config/saved_config.ts";
import type { TrainingConfig } from "../../config/schema.ts";
import { createBatch } from "../../data/batches/batch.ts";
import { createDataset } from "../../data/create_dataset.ts";
import type { Dataset } from "../../data/batches/dataset.ts";
import type { TrainingData } from "../../data/batches/table.ts";
import { errorMessage, InputError } from "../../base/errors.ts";
import { sha256 } from "../../base/sha256.ts";
import { inTurns } from "../../base/turns.ts";
import { checked, readJson } from "./files.ts";
import project from "../../../deno.json" with { type: "json" };

export const manifestSchema = z.object({
  id: z.string(),
  startedAt: z.iso.datetime(),
  config: savedConfigSchema,
  labels: z.array(z.string()),
  /** By which the rows of its files are read: the first ones where none are named. */
  rules: z.literal([1, 2]).optional(),
  /** SHA-256 of the config as it is written here, whatever keys it has. */
  configDigest: z.string(),
  /** SHA-256 of the held-out sequences; of a table, what its reader gave. */
  dataDigest: z.string(),
  /** SHA-256 of the file of weights that it starts from, if there is one. */
  weightsDigest: z.string().optional(),
  /** SHA-256 of `data.json`, where there is one. */
  statisticsDigest: z.string().optional(),
  workers: z.int(),
  versions: z.record(z.string(), z.string()),
});

export type Manifest = z.infer<typeof manifestSchema>;

const writtenSchema = z.object({ config: z.record(z.string(), z.unknown()) });

/** The manifest of a run that is about to start, but for the id, which its directory gives. */
export async function createManifest(
  run: { readonly startedAt: string; readonly config: TrainingConfig; readonly workers: number },
  data?: TrainingData,
  known: Pick<Manifest, "weightsDigest" | "statisticsDigest" | "rules"> = {},
): Promise<Omit<Manifest, "id">> {
  return {
    ...run,
    labels: [...(data ?? createDataset(run.config)).labels],
    configDigest: await configDigest(run.config),
    dataDigest: data?.digest ?? await dataDigest(createDataset(run.config)),
    ...known,
    versions: { lockstep: project.version, deno: Deno.version.deno, v8: Deno.version.v8 },
  };
}

/**
 * The manifest of the run in `directory`. Throws an InputError if it cannot be read, or if the config or the data are no
 * longer those that its digests name. Of the task `table` the data are what `checkData` is given.
 */
export async function readManifest(directory: string): Promise<Manifest> {
  const path = join(directory, "run.json");
  const refuse = (message: string) => new InputError([{ field: "run", message }]);
  let value: unknown;
  let manifest: Manifest;
  try {
    value = await readJson(path, z.unknown());
    manifest = checked(path, value, manifestSchema);
  } catch (error) {
    throw refuse(errorMessage(error));
  }
  // Of the config as it is written: this version may know keys that the run's version did not.
  if (await configDigest(writtenSchema.parse(value).config) !== manifest.configDigest) {
    throw refuse(`The config in "${path}" is not the one that the run began with: its digest differs`);
  }
  if (manifest.config.task !== "table") checkData(manifest, await dataDigest(createDataset(manifest.config)));
  return manifest;
}

/** Throws an InputError if the data with `digest` are not those that the run of `manifest` began with. */
export function checkData(manifest: Manifest, digest: string | undefined): void {
  if (digest === manifest.dataDigest) return;
  const message = digest === undefined
    ? `Run ${manifest.id} was trained on files: expected their data`
    : `The data are not those that run ${manifest.id} began with: their digest differs`;
  throw new InputError([{ field: "run", message }]);
}

/** SHA-256, in hex, of the config as JSON with its keys in order. */
export function configDigest(config: Readonly<Record<string, unknown>>): Promise<string> {
  const entries = Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries))));
}

/** SHA-256, in hex, of the held-out sequences: tokens, lengths and labels as 32-bit words. */
export async function dataDigest(dataset: Dataset): Promise<string> {
  const hash = createHash("sha256");
  await inTurns(digesting(dataset, hash));
  return hash.digest("hex");
}

/** Tokens of held-out sequences that are made at once. */
const TOKENS_AT_ONCE = 16_384;

/** All tokens, then all lengths, then all labels, a few sequences at a time. */
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
