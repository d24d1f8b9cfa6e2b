/** Opens a run for the commands that need its model: the one place that says why there is none. */
import { basename, join } from "node:path";
import { InputError } from "../base/errors.ts";
import { lastEvent } from "./log/event_log.ts";
import { errorCode } from "./files/files.ts";
import { lockFile } from "./files/lock.ts";
import type { TrainedModel } from "../predict/trained_model.ts";
import { readModel } from "./files/model_files.ts";

/** The model of the run in `directory`. Throws an InputError that says what to do if the run has none yet, and as `readModel` does. */
export async function openModel(directory: string): Promise<TrainedModel> {
  try {
    return await readModel(directory);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    throw new InputError([{ field: "run", message: await whyNoModel(directory, error) }]);
  }
}

async function whyNoModel(directory: string, error: unknown): Promise<string> {
  const log = join(directory, "events.jsonl");
  const name = `Run "${basename(directory)}" has no model`;
  if (await isTraining(log)) {
    return `${name} yet: another process is training it. Wait until it ends, or ask the address that it serves on`;
  }
  const last = await lastEvent(log).catch(() => undefined);
  // A run that ended well had one: who took a file away is told which.
  if (last?.type === "finished") return `${name}: ${error instanceof Error ? error.message : String(error)}`;
  const why = last?.type === "failed" ? `its training failed (${last.error})` : "its training was interrupted";
  return `${name}: ${why}. Continue it with: deno task resume ${directory}`;
}

async function isTraining(log: string): Promise<boolean> {
  try {
    (await lockFile(log)).close();
    return false;
  } catch (error) {
    return error instanceof InputError;
  }
}
