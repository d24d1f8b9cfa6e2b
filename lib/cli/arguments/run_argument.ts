/** Opens the run, or the model, that a command names. */
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Arguments } from "./arguments.ts";
import { flags } from "./flags.ts";
import type { ConfigSource } from "../../config/resolve.ts";
import { deniedAccess, inputError, missingPermission } from "../../base/errors.ts";
import { resolveRun, RUN_ID } from "../../run/files/directory.ts";
import { type Manifest, manifestSource, readManifest } from "../../run/files/manifest.ts";
import { type FoundModel, openExported, openModel } from "../../run/open_model.ts";
import { fromCaller } from "./caller.ts";

/** Values of a command's flags, of which one may name the folder of runs. */
type Values = Readonly<Record<string, unknown>>;

/** Ends the help of commands that take a model without its run. */
export const TAKES_MODELS = "\nRUN is a run, or a model.lockstep of export --to js.\n";

/** Returns the directory of the only run that a command takes. Throws an InputError with `usage` unless one run is named. */
export async function oneRun(positionals: readonly string[], usage: string, values: Values): Promise<string> {
  return await namedRun(onlyOne(positionals, usage), values);
}

/** Returns the only value of `positionals`. Throws an InputError with `usage` unless there is one. */
export function onlyOne(positionals: readonly string[], usage: string): string {
  const [path] = positionals;
  if (path !== undefined && positionals.length === 1) return path;
  const message = `Expected one run, such as runs/latest, but got ${positionals.length || "none"}. Usage: ${usage}`;
  throw inputError("run", message);
}

/** The end of the name of a file with a model. */
const MODEL_END = ".lockstep";

/**
 * Opens the model of the run that is named as `namedRun` takes it, or the one that was exported to `path`, a file
 * `model.lockstep` or the folder of one. Throws an InputError, and a DamagedFile.
 */
export async function namedModel(path: string, values: Values): Promise<FoundModel> {
  const place = fromCaller(path);
  // Other files are read as no model, however large they are.
  const mayBeModel = path.endsWith(MODEL_END) || await stat(place).then((found) => found.isDirectory(), () => false);
  const model = mayBeModel ? await openExported(place).catch((error) => refuseDenied(error, path, place)) : undefined;
  if (model) return { model, directory: undefined };
  const directory = await namedRun(path, values);
  return { model: await openModel(directory), directory };
}

/**
 * Returns the directory of a run that is named by its path, or by its id or `latest`, which are looked up in the folder of
 * runs if that is given. Throws an InputError.
 */
export async function namedRun(path: string, { runsDir }: Values): Promise<string> {
  const isInRuns = typeof runsDir === "string" && (path === "latest" || RUN_ID.test(path));
  const place = isInRuns ? join(runsDir, path) : fromCaller(path);
  if (place.endsWith(MODEL_END) && await isThere(place)) {
    const message = `"${path}" is a model without its run: expected a run. predict, evaluate and serve take both`;
    throw inputError("run", message);
  }
  return await (isInRuns ? resolveRun(place) : resolveRun(place, path)).catch((error) =>
    refuseDenied(error, path, basename(place) === "latest" ? dirname(place) : place)
  );
}

/** Throws `error`; an InputError if it says that `place` may not be read. */
function refuseDenied(error: unknown, path: string, place: string): never {
  if (!deniedAccess(error)) throw error;
  throw inputError("run", `Cannot read the run "${path}": ${missingPermission("read", place)}`);
}

/** Returns the directory of the run that is the only argument; undefined if the arguments are files. Throws an InputError. */
export async function runAmong(
  [path, ...more]: readonly string[],
  values: Values,
): Promise<string | undefined> {
  if (path === undefined || more.length > 0) return undefined;
  const isName = basename(path) === "latest" || RUN_ID.test(basename(path));
  return isName || await isThere(join(fromCaller(path), "run.json")) ? await namedRun(path, values) : undefined;
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false);
}

/** Reads a run's manifest, and returns the sources of a config of its values and the flags of a command. */
export async function manifestSources(
  directory: string,
  { values, nameOf }: Pick<Arguments, "values" | "nameOf">,
): Promise<{ readonly manifest: Manifest; readonly sources: readonly ConfigSource[] }> {
  const manifest = await readManifest(directory);
  const sources = [
    manifestSource(directory, manifest),
    { values, nameOf },
  ];
  return { manifest, sources };
}

/** Returns the flags of the keys that `wanted` picks. */
export function flagsFor(wanted: (key: string) => boolean): typeof flags {
  return flags.filter(({ key }) => wanted(key));
}
