/** Opens the run that a new run continues from, and says which of its options the new run keeps. */
import { basename, dirname, join } from "node:path";
import { InputError, inputError } from "../../base/errors.ts";
import type { ReadingRules } from "../../base/normal_form.ts";
import type { Config, TrainingConfig } from "../../config/schema.ts";
import type { KnownData } from "../../data/load/loaded_data.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";
import type { FileLock } from "../../platform/file_lock.ts";
import { resolveRun } from "../files/directory.ts";
import { unlessMissing } from "../files/files.ts";
import { shareFile } from "../files/lock.ts";
import { type Manifest, manifestSource, readManifest } from "../files/manifest.ts";
import { openModel } from "../open_model.ts";

export interface Parent {
  readonly directory: string;
  readonly manifest: Manifest;
  readonly model: TrainedModel;
  readonly known: KnownData;
  /** The rules by which its rows were read, and those of the new run are. */
  readonly rules: ReadingRules;
}

/**
 * Returns the directory of the run that `from` names: by its path, or by its id or `latest` in the folder of runs. Throws an
 * InputError if there is none.
 */
export async function parentDirectory({ from, runsDir }: Pick<Config, "from" | "runsDir">): Promise<string> {
  return await named(() => resolveRun(from, join(runsDir, basename(from))));
}

/** Opens the run that `config` continues from; undefined if it continues from none. Throws an InputError. */
export async function openParent(config: Pick<Config, "from" | "runsDir">): Promise<Parent | undefined> {
  if (config.from === "") return undefined;
  const directory = await parentDirectory(config);
  const manifest = await named(() => readManifest(directory));
  const model = await named(() => openModel(directory));
  const { preprocessing, labels } = model;
  if (!preprocessing) {
    throw inputError("from", `Run ${manifest.id} was not trained on files, so it has no words to add to`);
  }
  return { directory, manifest, model, known: { preprocessing, labels }, rules: preprocessing.rules ?? 1 };
}

/** Locks the run that a training continues from, so that no process removes or extends it: resuming needs both. */
export async function holdParent(parent: Parent | undefined): Promise<FileLock | undefined> {
  return parent && await unlessMissing(() => shareFile(join(parent.directory, "run.json")));
}

/** Lists the directories and the files of rows that training and its ancestors read. */
export async function filesOfParents({ from, runsDir }: Pick<Config, "from" | "runsDir">): Promise<string[]> {
  if (from === "") return [];
  const directory = await parentDirectory({ from, runsDir });
  const { config: { data, validation, ...config } } = await named(() => readManifest(directory));
  const files = [directory, ...data, ...typeof validation === "string" ? [validation] : []];
  return [...files, ...await filesOfParents({ ...config, runsDir: dirname(directory) })];
}

/** Names the option in the errors about its run, which may be that of a run that is resumed. */
async function named<Result>(open: () => Promise<Result>): Promise<Result> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const refuse = (why: string) => `The run that \`from\` names cannot be used: ${why}`;
    throw new InputError(
      error.problems.map(({ message }) => ({ field: "from", message: refuse(message) })),
      error.more,
    );
  }
}

/** Options of the parent that are no defaults of the new run. Files are those of other rows. */
const OWN: readonly (keyof TrainingConfig)[] = ["data", "test", "weights", "from", "replay", "epochs", "extendedAfter"];

/** Returns the options of `parent` that are the defaults of a run that continues from it. */
export function inheritedConfig({ directory, manifest }: Parent): Partial<Config> {
  const entries = Object.entries(manifestSource(directory, manifest).values).filter(([key, value]) =>
    !OWN.some((own) => own === key) && !(key === "validation" && typeof value === "string")
  );
  return Object.fromEntries(entries);
}

/** Options that the parent's model has fixed. */
const FIXED = [
  ...["tokenizer", "lowercase", "punctuation", "columns", "maxLength", "truncate", "labels"] as const,
  ...["embedding", "letterRows", "hidden", "layers", "bidirectional", "pooling"] as const,
];

/** Throws an InputError if `config` has another model than `parent`, or reads rows differently. */
export function refuseOtherModel(config: TrainingConfig, { manifest }: Parent): void {
  const other = FIXED.filter((key) => config[key] !== manifest.config[key]);
  if (other.length === 0) return;
  throw new InputError(other.map((field) => ({
    field,
    message:
      `${field} is ${JSON.stringify(config[field])}: expected ${JSON.stringify(manifest.config[field])}, as in run ` +
      `${manifest.id} that \`from\` names, or no value`,
  })));
}
