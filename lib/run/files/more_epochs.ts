/** Gives a run more epochs than it has, in place: its manifest then is that of a run that was extended after the earlier ones. */
import { join } from "node:path";
import { inputError } from "../../base/errors.ts";
import { epochsOf, EXTENDED_AFTER } from "../../config/extended_after.ts";
import { lockExclusive } from "../../platform/file_lock.ts";
import { writeJson } from "./files.ts";
import { configDigest, type Manifest } from "./manifest.ts";

/** Returns the manifest of the same run with `epochs` in all. Throws an InputError if those are fewer than it has. */
export async function withEpochs(manifest: Manifest, epochs = manifest.config.epochs): Promise<Manifest> {
  const { id, config: before } = manifest;
  if (epochs === before.epochs) return manifest;
  if (epochs < before.epochs) {
    const message = `\`epochs\` is ${epochs}: expected more than ${before.epochs}, as run ${id} has so many. ` +
      "To end a run early, stop it";
    throw inputError("epochs", message);
  }
  const extendedAfter = epochsOf(before).join(",");
  if (!EXTENDED_AFTER.test(extendedAfter)) {
    throw inputError("epochs", `Run ${id} was extended too often: expected no more epochs`);
  }
  const config = { ...before, epochs, extendedAfter };
  return { ...manifest, config, configDigest: await configDigest(config) };
}

/**
 * Writes the manifest of the run in `directory` again. Throws an InputError if another process serves the run, or trains one
 * that continues from it: their locks are of the file that is replaced, and their model is the earlier one.
 */
export async function rewriteManifest(directory: string, manifest: Manifest): Promise<void> {
  const path = join(directory, "run.json");
  const lock = await lockExclusive(path);
  if (!lock) {
    const message =
      `Run ${manifest.id} gets no more epochs while another process serves it, or continues from it: end that first`;
    throw inputError("run", message);
  }
  try {
    await writeJson(path, manifest);
  } finally {
    lock.close();
  }
}
