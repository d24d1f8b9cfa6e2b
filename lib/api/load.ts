/** Loads models from where they are saved. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { resolveConfig } from "../config/resolve.ts";
import { openModel } from "../run/open_model.ts";
import { resolveRun, RUN_ID } from "../run/files/directory.ts";
import { unlessMissing } from "../run/files/files.ts";
import { nativeKernels } from "./kernels.ts";
import { OpenModel } from "./model.ts";
import type { LoadOptions, Model } from "./types/model.ts";

/** Returns the directory of the run that a path, an id or `latest` names. Throws an InputError if there is none. */
export async function runDirectory(source: string, runsDir: string | undefined): Promise<string> {
  const isName = source === "latest" || RUN_ID.test(source);
  return await resolveRun(runsDir !== undefined && isName ? join(runsDir, source) : source);
}

export async function loadModel(source: string, { runsDir, ...given }: LoadOptions): Promise<Model> {
  const { kernels } = resolveConfig(undefined, [{ values: given, nameOf: (key) => key }]);
  const native = nativeKernels(kernels);
  // A folder of save() is no run: it has only the model.
  const isFolder = await unlessMissing(() => stat(join(source, "model", "lockstep.json"))) !== undefined;
  const directory = isFolder ? source : await runDirectory(source, runsDir);
  return new OpenModel(await openModel(directory), { directory, native });
}
