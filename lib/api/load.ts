/** Loads models from where they are saved. */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { resolveConfig } from "../config/resolve.ts";
import { openModel } from "../run/open_model.ts";
import { resolveRun, RUN_ID } from "../run/files/directory.ts";
import { isModelFolder, readModelFolder } from "../run/files/model_files.ts";
import { nativeKernels } from "./kernels.ts";
import { OpenModel } from "./model.ts";
import { fetchFile, readFileAt } from "./model_file.ts";
import type { LoadOptions, Model } from "./types/model.ts";

/** Returns the directory of the run that a path, an id or `latest` names. Throws an InputError if there is none. */
export async function runDirectory(source: string, runsDir: string | undefined): Promise<string> {
  const isName = source === "latest" || RUN_ID.test(source);
  return await resolveRun(runsDir !== undefined && isName ? join(runsDir, source) : source);
}

/** Loads the model that `source` names. */
export async function loadModel(source: string | URL, { runsDir, ...given }: LoadOptions): Promise<Model> {
  const { kernels } = resolveConfig(undefined, [{ values: given, nameOf: (key) => key }]);
  const native = nativeKernels(kernels);
  const url = source instanceof URL || /^(https?|file):\/\//i.test(source) ? new URL(source) : undefined;
  if (url && url.protocol !== "file:") return new OpenModel(await fetchFile(url), { directory: undefined, native });
  const path = url ? fileURLToPath(url) : String(source);
  // The file runs/latest names a run.
  const saved = basename(path) === "latest" ? undefined : await readFileAt(path);
  if (saved) return new OpenModel(saved, { directory: undefined, native });
  if (await isModelFolder(path)) return new OpenModel(await readModelFolder(path), { directory: undefined, native });
  const directory = await runDirectory(path, runsDir);
  return new OpenModel(await openModel(directory), { directory, native });
}
