/** `summary.json`: what a run came to. */
import { join } from "node:path";
import { type Summary, summarySchema } from "../events.ts";
import { reasonText, StopReason } from "../lockstep/control.ts";
import { lastEvent } from "./event_log.ts";
import { errorCode, readJson } from "./files.ts";

/** The summary in the run's directory, or null if there is none. Throws if it is damaged. */
export async function readSummary(directory: string): Promise<Summary | null> {
  try {
    return summarySchema.parse(await readJson(join(directory, "summary.json")));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** The summary of a run that was trained to its own end, and not stopped before, and whose log says so. */
export async function finalSummary(directory: string): Promise<Summary | undefined> {
  const last = await lastEvent(join(directory, "events.jsonl"));
  if (last?.type !== "finished") return undefined;
  const { summary } = last;
  const isEnd = [StopReason.epochs, StopReason.target].some((reason) => summary.reason === reasonText(reason));
  return isEnd ? summary : undefined;
}
