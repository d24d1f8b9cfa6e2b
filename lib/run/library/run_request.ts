/** A run that a client asks for over HTTP: the same values as the flags, but for those that are the process's own. */
import { counted } from "../../base/counted.ts";
import { realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { pathsIn, withPaths } from "../../config/paths.ts";
import { type Resolve, resolveConfig } from "../../config/resolve.ts";
import {
  type Config,
  type ConfigKey,
  configPaths,
  configSchema,
  fileShape,
  processShape,
  trainingShape,
} from "../../config/schema.ts";
import { InputError, MOST_LISTED, type Problem, Problems } from "../../base/errors.ts";
import { shortJson } from "../../base/printable.ts";
import { errorCode } from "../files/files.ts";

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

const isKnown = new Set<string>(REQUEST_KEYS);

/** Values of a list, such as names of files, and characters of a text. */
const MOST_VALUES = 1000;
const LONGEST_TEXT = 4096;

/**
 * The config that `values` means in a process that was started with `config`. Files are those of its `dataDir`, by their
 * names in it. Throws an InputError with every problem found.
 */
export async function requestedRun(values: Readonly<Record<string, unknown>>, config: Config): Promise<Resolve> {
  const { preset } = values;
  const given: Record<string, unknown> = {};
  let strangers = 0;
  for (const key of Object.keys(values)) {
    if (key === "preset") continue;
    // Of keys that nobody knows there may be thousands: the first ones are told of, and the others counted.
    if (Object.hasOwn(configSchema.shape, key) || ++strangers <= MOST_LISTED) given[key] = values[key];
  }
  const problems = new Problems();
  for (const [key, value] of Object.entries(given)) {
    if (Object.hasOwn(processShape, key) && !REQUEST_KEYS.includes(key as ConfigKey)) {
      const message = `${key} is for whoever starts the process: expected nothing`;
      problems.add(() => ({ field: key, message }));
      delete given[key];
      continue;
    }
    const long = isKnown.has(key) ? tooLong(key, value) : undefined;
    if (!long) continue;
    problems.add(() => long);
    delete given[key];
  }
  if (preset !== undefined && typeof preset !== "string") {
    problems.add(() => ({ field: "preset", message: "preset is not a text: expected the name of one" }));
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
    const told = new Set(problems.listed.map(({ field }) => field.replace(/\[.*/, "")));
    const more = error.more + Math.max(0, strangers - MOST_LISTED);
    problems.addAll(new InputError(error.problems.filter(({ field }) => !told.has(field)), more));
  }
  problems.check();
  return resolve;
}

/** That the value of `key` is longer than any that means something: nobody looks at all of it then. */
function tooLong(key: string, value: unknown): Problem | undefined {
  if (Array.isArray(value) && value.length > MOST_VALUES) {
    return {
      field: key,
      message: `${key} has ${counted(value.length, "value")}: expected at most ${MOST_VALUES} in a request`,
    };
  }
  const texts = Array.isArray(value) ? value : [value];
  const long = texts.find((text) => typeof text === "string" && text.length > LONGEST_TEXT);
  if (typeof long !== "string") return undefined;
  const length = counted(long.length, "character");
  return { field: key, message: `${key} is ${shortJson(long)}, ${length}: expected at most ${LONGEST_TEXT}` };
}

/** `given` with the places of the files that it names; `problems` gets those that may not be read. */
async function allowedFiles(
  given: Readonly<Record<string, unknown>>,
  dataDir: string,
  problems: Problems,
): Promise<Record<string, unknown>> {
  const folder = dataDir === "" ? undefined : await realpath(dataDir).catch(() => undefined);
  const places = new Map<string, string>();
  for (const { field, path, mark } of pathsIn(given, configPaths)) {
    const place = folder !== undefined && await fileIn(dataDir, folder, path, mark.beside);
    if (place) {
      places.set(field, place);
      continue;
    }
    const wanted = dataDir === "" ? "no files, as the server has no `dataDir`" : "a file of `dataDir`";
    problems.add(() => ({ field, message: `${field} is ${shortJson(path)}: expected ${wanted}` }));
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
