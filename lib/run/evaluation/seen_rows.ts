/**
 * Counts the evaluation rows that a run was trained on. A run saves the keys of its training rows; an older run has only
 * the digests of its files.
 */
import { counted, whole } from "../../base/counted.ts";
import { join } from "node:path";
import { sourceName } from "../../formats/bytes.ts";
import type { EvaluationRows } from "../../data/evaluation_rows.ts";
import { dataStatisticsSchema } from "../../data/statistics.ts";
import { readBytes, readJson, writeWhole } from "../files/files.ts";

/** Has the keys of the training rows, as float64 in order. Runs of 0.1.0 and runs on too many rows have no such file. */
const FILE = "training_rows.bin";

export async function writeKeys(directory: string, keys: Float64Array<ArrayBuffer>): Promise<void> {
  await writeWhole(join(directory, FILE), new Uint8Array(keys.buffer, keys.byteOffset, keys.byteLength));
}

interface SeenRows {
  /** Counts the evaluation rows that were trained on; undefined if the run has no keys of its rows. */
  readonly rows: number | undefined;
  readonly warning: string | undefined;
}

/** Finds the rows that the run in `directory` was trained on. Names of files do not matter. */
export async function seenRows(directory: string, { keys, sources }: EvaluationRows): Promise<SeenRows> {
  const trained = await readKeys(directory);
  if (!trained) return { rows: undefined, warning: await seenFiles(directory, sources) };
  const rows = keys.reduce((sum, key) => sum + (holds(trained, key) ? 1 : 0), 0);
  if (rows === 0) return { rows, warning: undefined };
  const share = (100 * rows / keys.length).toFixed(2);
  const were = rows === 1 ? "was" : "were";
  const warning = `${whole(rows)} of ${counted(keys.length, "row")} (${share}%) ${were} trained on. ` +
    "Leave them out to learn how the model does on new rows";
  return { rows, warning };
}

async function readKeys(directory: string): Promise<Float64Array | undefined> {
  const bytes = await readBytes(join(directory, FILE)).catch(() => undefined);
  return bytes && bytes.length % 8 === 0 ? new Float64Array(bytes.buffer) : undefined;
}

/** Returns whether `sorted` has `key`, by binary search. */
function holds(sorted: Float64Array, key: number): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === key;
}

/** Returns a warning about whole files that the run was trained on. Their digests identify them. */
async function seenFiles(directory: string, sources: EvaluationRows["sources"]): Promise<string | undefined> {
  const data = await readJson(join(directory, "data.json"), dataStatisticsSchema).catch(() => undefined);
  if (!data) return undefined;
  const trained = data.sources.filter(({ role }) => role === "training");
  const seen = sources.filter(({ sha256 }) => trained.some((file) => file.sha256 === sha256));
  if (seen.length === 0) return undefined;
  const rows = data.parts.training?.rows ?? 0;
  // Validation rows come from the same files, unless they have files of their own.
  const isSplit = !data.sources.some(({ role }) => role === "validation");
  const all = rows + (isSplit ? data.parts.validation?.rows ?? 0 : 0);
  const [names, were] = [seen.map(({ name }) => sourceName(name)).join(", "), seen.length === 1 ? "was" : "were"];
  const are = rows === 1 ? "is a training row" : "are training rows";
  return `${names} ${were} trained on: ${whole(rows)} of the ${counted(all, "row")} in the run's training files ` +
    `(${(100 * rows / all).toFixed(0)}%) ${are}. These metrics do not say how the model does on new rows`;
}
