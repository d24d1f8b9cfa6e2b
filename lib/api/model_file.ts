/** Saves a model as one file, `model.lockstep`, and reads such a file from a path or a URL. */
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { savedConfigSchema } from "../config/saved_config.ts";
import { DamagedFile, errorMessage, inputError } from "../base/errors.ts";
import type { TrainedModel } from "../predict/trained_model.ts";
import { FOLDER_MODE, readBytes, unlessMissing, writeWhole } from "../run/files/files.ts";
import { decodeModel } from "../standalone/model_file.ts";

/** The name of the file in a folder. */
const NAME = "model.lockstep";

/** Writes `bytes` as the file of a model into `folder`. */
export async function saveFile(bytes: Uint8Array, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  await writeWhole(join(folder, NAME), bytes);
}

/** Reads the file at `path`, or the one in the folder `path`. Returns undefined if there is none. */
export async function readFileAt(path: string): Promise<TrainedModel | undefined> {
  for (const file of [path, join(path, NAME)]) {
    const found = await unlessMissing(() => stat(file));
    if (found?.isFile()) return await decoded(file, await readBytes(file));
  }
  return undefined;
}

/** Loads the file at `url`, or the one in a folder whose URL ends with a slash. Throws an InputError if it cannot. */
export async function fetchFile(url: URL): Promise<TrainedModel> {
  const place = url.pathname.endsWith("/") ? new URL(NAME, url) : url;
  const refuse = (why: string) => inputError("source", `Cannot load "${place}": ${why}`);
  const answer = await fetch(place).catch((error: unknown) => {
    throw refuse(errorMessage(error));
  });
  if (!answer.ok) {
    await answer.body?.cancel();
    throw refuse(`the server answers ${answer.status} ${answer.statusText}`.trimEnd());
  }
  return await decoded(String(place), new Uint8Array(await answer.arrayBuffer()));
}

/** Throws a DamagedFile, with `path`, for bytes that are no model. */
async function decoded(path: string, bytes: Uint8Array): Promise<TrainedModel> {
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
