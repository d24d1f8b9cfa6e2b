/**
 * Defines `retraining.jsonl` of a run: a line when a training on its examples begins, and one when it ends. A server knows from
 * it which examples were trained on, and which run answers.
 */
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { retrainedSchema } from "../../predict/labelling.ts";
import { RUN_ID } from "../files/directory.ts";
import { unlessMissing } from "../files/files.ts";
import { readLines } from "../files/line_file.ts";
import { readManifest } from "../files/manifest.ts";

export const RETRAINING = "retraining.jsonl";

const begun = z.strictObject({
  type: z.literal("began"),
  at: z.iso.datetime(),
  run: z.string().regex(RUN_ID),
  from: z.string(),
  /** The greatest id of its examples. They begin behind those of the run that it continues from. */
  last: z.int(),
});

export const retrainingLine = z.discriminatedUnion("type", [
  begun,
  z.strictObject({ type: z.literal("ended"), ...retrainedSchema.shape, run: z.string().regex(RUN_ID) }),
]);
export type RetrainingLine = z.infer<typeof retrainingLine>;

/** A training that began, with its outcome if it ended. */
export interface Attempt {
  readonly run: string;
  readonly last: number;
  readonly end?: Extract<RetrainingLine, { type: "ended" }>;
}

/** Returns the trainings of a log, the newest first. Of several ends the last one counts. */
export function attemptsOf(lines: readonly RetrainingLine[]): Attempt[] {
  const attempts = new Map<string, Attempt>();
  for (const line of lines) {
    const { run } = line;
    const attempt = attempts.get(run);
    if (line.type === "began") attempts.set(run, { run, last: line.last });
    else if (attempt) attempts.set(run, { ...attempt, end: line });
  }
  return [...attempts.values()].reverse();
}

/**
 * Returns the directory of the run whose examples the run in `directory` was trained on by a server, or else `directory`: a
 * server that is started again with the newest run continues with the examples of the first one.
 */
export async function homeOf(directory: string): Promise<string> {
  const [runsDir, id] = [dirname(directory), basename(directory)];
  // A folder of unknown origin may have runs that continue from each other.
  const seen = new Set<string>();
  for (let at = directory; !seen.has(at);) {
    seen.add(at);
    const { from } = await readManifest(at);
    if (!from || !RUN_ID.test(from.run)) return directory;
    at = join(runsDir, from.run);
    if (!await isRun(at)) return directory;
    const lines = await unlessMissing(() => readLines(join(at, RETRAINING), retrainingLine)) ?? [];
    if (attemptsOf(lines).some(({ run, end }) => run === id && end?.outcome === "swapped")) return at;
  }
  return directory;
}

/** Tells whether there is a run in `directory`. */
export async function isRun(directory: string): Promise<boolean> {
  return await unlessMissing(() => stat(join(directory, "run.json"))) !== undefined;
}
