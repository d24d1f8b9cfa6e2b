/** Opens the run that a command names. */
import { basename, dirname } from "node:path";
import { flagName, flags } from "./flags.ts";
import type { ConfigSource } from "../../config/resolve.ts";
import { deniedAccess, inputError, missingPermission } from "../../base/errors.ts";
import { resolveRun } from "../../run/files/directory.ts";
import { type Manifest, readManifest } from "../../run/files/manifest.ts";
import { manifestSource } from "../../run/training/earlier_config.ts";
import { fromCaller } from "./caller.ts";

/** Returns the directory of the only run that a command takes. Throws an InputError with `usage` unless one run is named. */
export async function oneRun(positionals: readonly string[], usage: string): Promise<string> {
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) {
    const message = `Expected one run, such as runs/latest, but got ${positionals.length || "none"}. Usage: ${usage}`;
    throw inputError("run", message);
  }
  return await namedRun(path);
}

/** Returns the directory of a run that is named by its path, its id, or `latest`. Throws an InputError. */
export async function namedRun(path: string): Promise<string> {
  const place = fromCaller(path);
  try {
    return await resolveRun(place, path);
  } catch (error) {
    if (!deniedAccess(error)) throw error;
    const folder = basename(place) === "latest" ? dirname(place) : place;
    throw inputError("run", `Cannot read the run "${path}": ${missingPermission("read", folder)}`);
  }
}

/** Reads a run's manifest, and returns the sources of a config of its values and the flags of a command. */
export async function manifestSources(
  directory: string,
  values: Readonly<Record<string, unknown>>,
): Promise<{ readonly manifest: Manifest; readonly sources: readonly ConfigSource[] }> {
  const manifest = await readManifest(directory);
  const sources = [
    manifestSource(directory, manifest),
    { values, nameOf: (key: string) => `--${flagName(key)}` },
  ];
  return { manifest, sources };
}

/** Returns the flags of the keys that `wanted` picks. */
export function flagsFor(wanted: (key: string) => boolean): typeof flags {
  return flags.filter(({ key }) => wanted(key));
}
