/** Whether rows that judge a run are rows that it was trained on. */
import { join } from "node:path";
import { sourceName } from "../data/formats/bytes.ts";
import type { SourceInfo } from "../data/formats/rows.ts";
import { dataSchema } from "./data_schema.ts";
import { readJson } from "./files.ts";

/**
 * What is to be said of files that the run in `directory` was trained on, whatever they are called now: they are known by
 * their digests. Nothing if there are none, or if the run does not say what it was trained on.
 */
export async function seenRows(directory: string, judging: readonly SourceInfo[]): Promise<string | undefined> {
  const data = await readJson(join(directory, "data.json"), dataSchema).catch(() => undefined);
  if (!data) return undefined;
  const trained = data.sources.filter(({ role }) => role === "training");
  const seen = judging.filter(({ sha256 }) => trained.some((source) => source.sha256 === sha256));
  if (seen.length === 0) return undefined;
  const rows = data.parts.training?.rows ?? 0;
  // Rows that validate come from the same files, unless there are files for them.
  const isSplit = !data.sources.some(({ role }) => role === "validation");
  const all = rows + (isSplit ? data.parts.validation?.rows ?? 0 : 0);
  const [names, were] = [seen.map(({ name }) => sourceName(name)).join(", "), seen.length === 1 ? "was" : "were"];
  const count = (number: number) => number.toLocaleString("en-US");
  return `${names} ${were} trained on: ${count(rows)} of the ${count(all)} rows in the run's training files ` +
    `(${(100 * rows / all).toFixed(0)}%) are training rows. These figures do not say how the model does on new rows`;
}
