/** Opens finished runs for a server: each with a prediction thread, and a lock that keeps other processes from removing it. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import { InputError, inputError } from "../base/errors.ts";
import { describe } from "../base/printable.ts";
import { openPreprocessing } from "../data/encode/open_preprocessing.ts";
import type { NativeLibrary } from "../engine/contract.ts";
import type { Examples } from "../predict/labelling.ts";
import type { OpenedModel } from "../predict/served_model.ts";
import type { ModelVersion } from "../predict/trained_model.ts";
import { withLabelling } from "./examples/labelling.ts";
import { RUN_ID } from "./files/directory.ts";
import { unlessMissing } from "./files/files.ts";
import { shareFile } from "./files/lock.ts";
import { type FoundModel, openModel } from "./open_model.ts";
import { openPredictor } from "./open_predictor.ts";

export interface ServedRunOptions {
  /** The module that the prediction thread runs. */
  readonly predictUrl: URL;
  readonly native: NativeLibrary | undefined;
  readonly config: Pick<
    Config,
    "batchMax" | "batchDelayMs" | "queueMax" | "predictTimeout" | "collect" | "keepUncertain" | "redact"
  >;
  readonly onIncident: (message: string) => void;
  /** Takes the examples, if another one than the run's own journal does. */
  readonly examples?: Examples | undefined;
}

/** Opens a model, which keeps its run if that is there. Its thread starts at the first request. */
export async function openServed({ model, directory }: FoundModel, options: ServedRunOptions): Promise<OpenedModel> {
  if (options.config.collect && directory === undefined) {
    throw inputError("collect", "`collect` is set: expected the folder of a run, which examples are written to");
  }
  // The prediction thread opens the preprocessing itself: this reports damage before the first request.
  if (model.preprocessing) openPreprocessing(model.preprocessing);
  const lock = directory === undefined ? undefined : await shareFile(join(directory, "run.json"));
  const { version } = model;
  const predictor = openPredictor({ model, newest: () => version, directory, ...options });
  const close = () => {
    predictor.close();
    lock?.close();
  };
  const { config, examples } = options;
  const opened = { predictor, digest: version.digest, bytes: bytesOf(version), close };
  return withLabelling(opened, { config, directory, run: model.config, examples });
}

/**
 * Opens the run `id` in the folder `runsDir` for a client, as `openServed` does. Throws an InputError, which names no folder,
 * if there is no such run or it has no model.
 */
export async function openServedById(runsDir: string, id: string, options: ServedRunOptions): Promise<OpenedModel> {
  const directory = join(runsDir, id);
  if (!RUN_ID.test(id) || !await unlessMissing(() => stat(join(directory, "run.json")))) {
    throw inputError("run", `No run ${describe(id)}: GET /runs lists all`);
  }
  try {
    return await openServed({ model: await openModel(directory), directory }, options);
  } catch (error) {
    if (error instanceof InputError) throw inputError("run", error.message.replaceAll(directory, id));
    throw error;
  }
}

/** Returns the bytes of the weights and of the n-grams. */
export function bytesOf({ weights, ngrams }: ModelVersion): number {
  const parts = Object.values(ngrams?.model ?? {}).map((part) => ArrayBuffer.isView(part) ? part.byteLength : 0);
  return weights.byteLength + parts.reduce((sum, bytes) => sum + bytes, 0);
}
