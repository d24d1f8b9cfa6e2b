/** Files of figures of a run, `data.json` and `judgement.json`, for whoever asks for them over HTTP. */
import { counted } from "../../base/counted.ts";
import { stat } from "node:fs/promises";
import type { z } from "zod";
import { DamagedFile } from "../../base/errors.ts";
import { jsonBytes, readBytes, readJson } from "./files.ts";
import { sha256 } from "../../base/sha256.ts";
import type { JsonText } from "../types.ts";

/** Bytes that are parsed in one go while others wait: a few milliseconds. */
const MOST_PARSED = 2 ** 18;

/**
 * The file at `path`. What has the `digest` that the run names is passed on as it is, however long. Older runs name none:
 * their files are parsed by `schema`. Throws a DamagedFile if the digest differs or the shape, or if a file without a
 * digest is too long to be parsed while others wait.
 */
export async function readFigures(
  path: string,
  digest: string | undefined,
  schema: z.ZodType,
): Promise<JsonText> {
  if (digest !== undefined) {
    const bytes = await readBytes(path);
    if (await sha256(bytes) === digest) return bytes;
    throw new DamagedFile(path, "its content is not what the run names by its digest");
  }
  const { size } = await stat(path);
  if (size > MOST_PARSED) {
    throw new DamagedFile(
      path,
      `it has ${counted(size, "byte")} and no digest, as of an older version: expected ${MOST_PARSED}`,
    );
  }
  return jsonBytes(await readJson(path, schema));
}
