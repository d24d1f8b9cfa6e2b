/** Reads runs from their directories, as lists and comparisons show them. */
import { join } from "node:path";
import type { z } from "zod";
import type { RunEvent } from "../../base/events.ts";
import { isTraining } from "../files/lock.ts";
import { readMetricsFile } from "../files/metrics_files.ts";
import { readJson, unlessMissing } from "../files/files.ts";
import { type Manifest, manifestSchema } from "../files/manifest.ts";
import { readNotes } from "../files/notes_file.ts";
import { lastEvent } from "../log/event_log.ts";
import { agreedSummary } from "../log/summary.ts";
import type { JsonText, RunDetail, RunQuery, RunState } from "../types.ts";

export function readRunManifest(directory: string): Promise<Manifest> {
  return readJson(join(directory, "run.json"), manifestSchema);
}

/**
 * Reads the run in `directory`; undefined if there is none. One that another process trains is running, although its log has
 * no end. Throws a DamagedFile for one that cannot be read.
 */
export async function readRun(directory: string): Promise<RunDetail | undefined> {
  const manifest = await unlessMissing(() => readRunManifest(directory));
  if (!manifest) return undefined;
  const { id, startedAt, config } = manifest;
  const last = await unlessMissing(() => lastEvent(join(directory, "events.jsonl")));
  const summary = await agreedSummary(directory, id, last) ?? null;
  const state = endState(last);
  const elsewhere = state === "interrupted" && await isTraining(directory);
  return {
    id,
    startedAt,
    ...await readNotes(directory),
    config,
    ...elsewhere ? { state: "running", elsewhere } : { state },
    events: last?.id ?? 0,
    summary,
  };
}

/** Reads a file of metrics of the run in `directory`, which has this digest; undefined if it is missing. */
export function readRunMetrics(
  directory: string,
  file: string,
  digest: string | undefined,
  schema: z.ZodType,
): Promise<JsonText | undefined> {
  return unlessMissing(() => readMetricsFile(join(directory, file), digest, schema));
}

const READ_AT_ONCE = 32;

/** Returns the runs of `ids` that `query` selects, in the order of the ids, without those that `read` cannot read. */
export async function selectRuns(
  ids: readonly string[],
  read: (id: string) => Promise<RunDetail | undefined>,
  { limit = Infinity, ...query }: RunQuery,
): Promise<readonly RunDetail[]> {
  const found: RunDetail[] = [];
  for (let first = 0; first < ids.length && found.length < limit; first += READ_AT_ONCE) {
    const some = ids.slice(first, first + READ_AT_ONCE);
    const details = await Promise.all(some.map((id) => read(id).catch(() => undefined)));
    found.push(...details.filter((run) => run !== undefined).filter((run) => matches(run, query)));
  }
  return found.slice(0, limit);
}

function matches(run: RunDetail, { state, tag, text = "" }: RunQuery): boolean {
  const { id, name, note, tags, config: { task, data } } = run;
  return (state === undefined || run.state === state) && (tag === undefined || tags?.includes(tag) === true) &&
    [id, name, note, tags, task, data].flat().some((part) =>
      part !== undefined && String(part).toLowerCase().includes(text.toLowerCase())
    );
}

function endState(last: RunEvent | undefined): RunState {
  return last?.type === "finished" || last?.type === "failed" ? last.type : "interrupted";
}
