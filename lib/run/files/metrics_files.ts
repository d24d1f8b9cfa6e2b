/** Reads a run's files of metrics, `data.json` and `judgement.json`. */
import { counted } from "../../base/counted.ts";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { DamagedFile } from "../../base/errors.ts";
import type { Summary } from "../../base/events.ts";
import { type Evaluations, evaluationsSchema } from "../../model/evaluation.ts";
import { checked, jsonBytes, readBytes, readJson, unlessMissing } from "./files.ts";
import { sha256 } from "../../base/sha256.ts";
import type { JsonText } from "../types.ts";

/** Limits the bytes that are parsed at once, while other requests wait: a few milliseconds. */
const MOST_PARSED = 2 ** 18;

/**
 * Reads the file at `path`. A file with the `digest` of the run is returned unchanged. Older runs have no digest: their
 * files are parsed by `schema`. Throws a DamagedFile if the digest or the shape differs, or if a file without a digest is
 * too long to be parsed.
 */
export async function readMetricsFile(path: string, digest: string | undefined, schema: z.ZodType): Promise<JsonText> {
  if (digest !== undefined) {
    const bytes = await readBytes(path);
    if (await sha256(bytes) === digest) return bytes;
    throw new DamagedFile(path, "its content does not match the digest of the run");
  }
  const { size } = await stat(path);
  if (size > MOST_PARSED) {
    const reason = `it has ${counted(size, "byte")} and no digest, as of an older version: expected ${MOST_PARSED}`;
    throw new DamagedFile(path, reason);
  }
  return jsonBytes(await readJson(path, schema));
}

/** Reads the evaluation of a finished run; undefined for a run on generated data, which has none. Throws a DamagedFile. */
export async function readEvaluations(
  directory: string,
  { judgementDigest }: Pick<Summary, "judgementDigest">,
): Promise<Evaluations | undefined> {
  const path = join(directory, "judgement.json");
  const json = await unlessMissing(() => readMetricsFile(path, judgementDigest, evaluationsSchema));
  return json && checked(path, JSON.parse(new TextDecoder().decode(json)), evaluationsSchema);
}
