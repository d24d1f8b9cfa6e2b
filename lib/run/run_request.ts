/** A run that a client asks for over HTTP: the same values as the flags, but for those that are the process's own. */
import { realpath } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { TOKENIZERS } from "../config/data_shape.ts";
import { type Resolve, resolveConfig } from "../config/resolve.ts";
import { type Config, type ConfigKey, fileShape, processShape, trainingShape } from "../config/schema.ts";
import { InputError, type Problem } from "../errors.ts";

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
  const allowed = { ...given, ...await allowedFiles(given, config.dataDir, problems) };
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

/** The values of `given` that name files, with where these are; `problems` gets those that may not be read. */
async function allowedFiles(
  given: Readonly<Record<string, unknown>>,
  dataDir: string,
  problems: Problem[],
): Promise<Record<string, unknown>> {
  const place = async (field: string, name: string) => {
    try {
      return await fileIn(dataDir, name);
    } catch {
      const wanted = dataDir === "" ? "no files, as the server was started without --data-dir" : "a file of --data-dir";
      problems.push({ field, message: `${field} is ${JSON.stringify(name)}: expected ${wanted}` });
      return name;
    }
  };
  const { data, validation, test, tokenizer } = given;
  const places: Record<string, unknown> = {};
  if (Array.isArray(data)) {
    // What is no text is no file: the schema says so.
    places.data = await Promise.all(
      data.map((name, index) => typeof name === "string" ? place(`data[${index}]`, name) : name),
    );
  }
  if (typeof validation === "string") places.validation = await place("validation", validation);
  if (typeof test === "string" && test !== "") places.test = await place("test", test);
  if (typeof tokenizer === "string" && !TOKENIZERS.includes(tokenizer)) {
    places.tokenizer = await place("tokenizer", tokenizer);
  }
  return places;
}

/** The path of `name` in `directory`. Throws if there is no such file, or if it is elsewhere, by `..` or by a link. */
async function fileIn(directory: string, name: string): Promise<string> {
  if (directory === "" || name === "" || isAbsolute(name)) throw new RangeError(name);
  const path = join(directory, name);
  const within = relative(await realpath(directory), await realpath(path));
  if (within === "" || within === ".." || within.startsWith(`..${sep}`) || isAbsolute(within)) {
    throw new RangeError(name);
  }
  return path;
}
