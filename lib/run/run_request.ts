/** A run that a client asks for over HTTP: the same values as the flags, but for those that are the process's own. */
import { realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { pathsIn, withPaths } from "../config/paths.ts";
import { type Resolve, resolveConfig } from "../config/resolve.ts";
import { type Config, type ConfigKey, configPaths, fileShape, processShape, trainingShape } from "../config/schema.ts";
import { InputError, type Problem } from "../errors.ts";
import { errorCode } from "./files.ts";

/** Of how a process goes about it, what may differ from run to run. */
const OWN: readonly ConfigKey[] = [
  "workers",
  "workerTimeout",
  "maxRestarts",
  "checkpointEvery",
  "keepCheckpoints",
  "maxSeconds",
];

/** What a client may give, beside `preset`. */
export const REQUEST_KEYS: readonly ConfigKey[] = [
  ...Object.keys(trainingShape),
  ...Object.keys(fileShape),
  ...OWN,
] as ConfigKey[];

/**
 * The config that `values` means in a process that was started with `config`. Files are those of its `dataDir`, by their
 * names in it. Throws an InputError with every problem found.
 */
export async function requestedRun(values: Readonly<Record<string, unknown>>, config: Config): Promise<Resolve> {
  const { preset, ...rest } = values;
  const given: Record<string, unknown> = rest;
  const problems: Problem[] = [];
  for (const key of Object.keys(given)) {
    if (key in processShape && !REQUEST_KEYS.includes(key as ConfigKey)) {
      const message = `${key} is for whoever starts the process: expected nothing`;
      problems.push({ field: key, message });
      delete given[key];
    }
  }
  if (preset !== undefined && typeof preset !== "string") {
    problems.push({ field: "preset", message: "preset is not a text: expected the name of one" });
  }
  const name = typeof preset === "string" ? preset : undefined;
  const allowed = await allowedFiles(given, config.dataDir, problems);
  const process = Object.keys(processShape).filter((key) => !OWN.includes(key as ConfigKey) && key !== "chaos");
  const sources = [
    { values: Object.fromEntries(process.map((key) => [key, config[key as ConfigKey]])), nameOf: (key: string) => key },
    { values: allowed, nameOf: (key: string) => key },
  ];
  const resolve: Resolve = (defaults) => resolveConfig(name, sources, defaults);
  try {
    resolve();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // What was said of a file already is not said again of the list.
    const told = new Set(problems.map(({ field }) => field.replace(/\[.*/, "")));
    problems.push(...error.problems.filter(({ field }) => !told.has(field)));
  }
  if (problems.length > 0) throw new InputError(problems);
  return resolve;
}

/** `given` with the places of the files that it names; `problems` gets those that may not be read. */
async function allowedFiles(
  given: Readonly<Record<string, unknown>>,
  dataDir: string,
  problems: Problem[],
): Promise<Record<string, unknown>> {
  const folder = dataDir === "" ? undefined : await realpath(dataDir).catch(() => undefined);
  const places = new Map<string, string>();
  for (const { field, path, mark } of pathsIn(given, configPaths)) {
    const place = folder !== undefined && await fileIn(dataDir, folder, path, mark.beside);
    if (place) {
      places.set(field, place);
      continue;
    }
    const wanted = dataDir === "" ? "no files, as the server was started without --data-dir" : "a file of --data-dir";
    problems.push({ field, message: `${field} is ${JSON.stringify(path)}: expected ${wanted}` });
  }
  return withPaths(given, configPaths, places);
}

/**
 * The path of `name` in `directory`, which really is `folder`. Undefined unless it is a file in there, neither by `..`
 * nor by a link that leads out, and so are those `beside` it.
 */
async function fileIn(
  directory: string,
  folder: string,
  name: string,
  beside: readonly string[] = [],
): Promise<string | undefined> {
  if (name === "" || isAbsolute(name)) return undefined;
  const path = join(directory, name);
  if (await placeOf(folder, path) !== "inside") return undefined;
  for (const other of beside) {
    if (await placeOf(folder, join(dirname(path), other)) === "elsewhere") return undefined;
  }
  return path;
}

/** Whether `path` is a regular file in `folder`. */
async function placeOf(folder: string, path: string): Promise<"inside" | "elsewhere" | "nowhere"> {
  try {
    const real = await realpath(path);
    const within = relative(folder, real);
    if (within === "" || within === ".." || within.startsWith(`..${sep}`) || isAbsolute(within)) return "elsewhere";
    return (await stat(real)).isFile() ? "inside" : "elsewhere";
  } catch (error) {
    return errorCode(error) === "ENOENT" ? "nowhere" : "elsewhere";
  }
}
