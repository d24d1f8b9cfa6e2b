/** Opens models for the commands and programs that need one: of a run, or without it. Says why a run has none. */
import { basename, join } from "node:path";
import { errorCode, inputError } from "../base/errors.ts";
import { lastEvent } from "./log/event_log.ts";
import { isTraining } from "./files/lock.ts";
import type { TrainedModel } from "../predict/trained_model.ts";
import { readFileAt } from "./files/model_file.ts";
import { isModelFolder, readModel, readModelFolder } from "./files/model_files.ts";

/** A model, and the directory of its run if that is there. */
export interface FoundModel {
  readonly model: TrainedModel;
  readonly directory: string | undefined;
}

/**
 * Reads the model that was saved or exported to `path`: a file `model.lockstep`, the folder of one, or a folder with the files
 * of a LayersModel. Returns undefined if there is none.
 */
export async function openExported(path: string): Promise<TrainedModel | undefined> {
  // The file runs/latest names a run.
  if (basename(path) === "latest") return undefined;
  return await readFileAt(path) ?? (await isModelFolder(path) ? await readModelFolder(path) : undefined);
}

/** Reads the model of the run in `directory`. Throws an InputError with advice if it has none, and as `readModel` does. */
export async function openModel(directory: string): Promise<TrainedModel> {
  try {
    return await readModel(directory);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    throw inputError("run", await whyNoModel(directory, error));
  }
}

async function whyNoModel(directory: string, error: unknown): Promise<string> {
  const log = join(directory, "events.jsonl");
  const name = `Run "${basename(directory)}" has no model`;
  if (await isTraining(directory).catch(() => false)) {
    return `${name} yet: another process is training it. Wait until it ends, or ask the address at which it serves`;
  }
  const last = await lastEvent(log).catch(() => undefined);
  // A finished run had a model: the message names the file that is missing.
  if (last?.type === "finished") return `${name}: ${error instanceof Error ? error.message : String(error)}`;
  const why = last?.type === "failed" ? `its training failed (${last.error})` : "its training was interrupted";
  return `${name}: ${why}. Resume the run in "${directory}"`;
}
