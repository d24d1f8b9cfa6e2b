/** Loads models from where they are saved. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { resolveConfig } from "../config/resolve.ts";
import { errorMessage, inputError } from "../base/errors.ts";
import type { TrainedModel } from "../predict/trained_model.ts";
import { openExported, openModel } from "../run/open_model.ts";
import { resolveRun, RUN_ID } from "../run/files/directory.ts";
import { decodeFile, MODEL_FILE } from "../run/files/model_file.ts";
import { nativeKernels } from "./kernels.ts";
import { OpenModel } from "./model.ts";
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
  const exported = await openExported(path);
  if (exported) return new OpenModel(exported, { directory: undefined, native });
  const directory = await runDirectory(path, runsDir);
  return new OpenModel(await openModel(directory), { directory, native });
}

/** Loads the file at `url`, or the one in a folder whose URL ends with a slash. Throws an InputError if it cannot. */
async function fetchFile(url: URL): Promise<TrainedModel> {
  const place = url.pathname.endsWith("/") ? new URL(MODEL_FILE, url) : url;
  const refuse = (why: string) => inputError("source", `Cannot load "${place}": ${why}`);
  const answer = await fetch(place).catch((error: unknown) => {
    throw refuse(errorMessage(error));
  });
  if (!answer.ok) {
    await answer.body?.cancel();
    throw refuse(`the server answers ${answer.status} ${answer.statusText}`.trimEnd());
  }
  return await decodeFile(String(place), new Uint8Array(await answer.arrayBuffer()));
}
