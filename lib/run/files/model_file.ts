/** Saves a model as one file, `model.lockstep`, and reads such a file. */
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DamagedFile, errorMessage } from "../../base/errors.ts";
import { savedConfigSchema } from "../../config/saved_config.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";
import { decodeModel } from "../../standalone/model_file.ts";
import { FOLDER_MODE, readBytes, unlessMissing, writeWhole } from "./files.ts";

/** The name of the file in a folder. */
export const MODEL_FILE = "model.lockstep";

/** Writes `bytes` as the file of a model into `folder`. */
export async function saveFile(bytes: Uint8Array, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  await writeWhole(join(folder, MODEL_FILE), bytes);
}

/** Reads the file at `path`, or the one in the folder `path`. Returns undefined if there is none. */
export async function readFileAt(path: string): Promise<TrainedModel | undefined> {
  for (const file of [path, join(path, MODEL_FILE)]) {
    const found = await unlessMissing(() => stat(file));
    if (found?.isFile()) return await decodeFile(file, await readBytes(file));
  }
  return undefined;
}

/** Returns the model in `bytes`. Throws a DamagedFile, with `path`, if there is none. */
export async function decodeFile(path: string, bytes: Uint8Array): Promise<TrainedModel> {
  try {
    const { run, labels, preprocessing, config, spec: _, length: __, ...version } = await decodeModel(bytes);
    return {
      run,
      labels,
      version,
      config: savedConfigSchema.parse(config),
      ...preprocessing && { preprocessing },
    };
  } catch (error) {
    throw new DamagedFile(path, errorMessage(error), { cause: error });
  }
}
