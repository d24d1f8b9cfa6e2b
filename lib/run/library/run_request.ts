/**
 * Checks a request for a run over HTTP. It has the same values as the config, except those that only the process sets, and
 * may name only files in `dataDir`.
 */
import { parseColumns } from "../../config/columns.ts";
import { readingOf } from "../../formats/columns.ts";
import { counted } from "../../base/counted.ts";
import { pathsIn, withPaths } from "../../config/paths.ts";
import { expectation, type Resolve, resolveConfig, shown } from "../../config/resolve.ts";
import {
  type Config,
  type ConfigKey,
  configPaths,
  configSchema,
  fileShape,
  processShape,
  trainingShape,
} from "../../config/schema.ts";
import { InputError, MOST_LISTED, Problems } from "../../base/errors.ts";
import { shortJson } from "../../base/printable.ts";
import { byteSize } from "../../base/numbers/byte_size.ts";
import { refuseBase, requestedSearchShape } from "../../config/tune_shape.ts";
import { join, sep } from "node:path";
import { z } from "zod";
import { RUN_ID } from "../files/directory.ts";
import { inheritedConfig, openParent, type Parent, refuseOtherModel } from "../training/parent.ts";
import { fileIn, named, realFolder } from "./data_files.ts";
import { checkBeginning } from "./preview.ts";

/** The options of a process that a request may set for its run. */
const RUN_KEYS: readonly ConfigKey[] = [
  "name",
  "note",
  "tags",
  "workers",
  "workerTimeout",
  "maxRestarts",
  "checkpointEvery",
  "keepCheckpoints",
  "maxSeconds",
];

/** The options that a request may have, besides `preset`. */
export const REQUEST_KEYS: readonly ConfigKey[] = [
  ...Object.keys(trainingShape),
  ...Object.keys(fileShape),
  ...RUN_KEYS,
] as ConfigKey[];

const allowedKeys = new Set<string>(REQUEST_KEYS);

/** Limits the values of a list, such as names of files, and the characters of a text. */
const MOST_VALUES = 1000;
const LONGEST_TEXT = 4096;

const searchSchema = z.object(requestedSearchShape);

/** Describes what a request asks for. */
export interface RequestedRun {
  readonly resolve: Resolve;
  /** The options of the request, by key. */
  readonly given: Readonly<Record<string, unknown>>;
  /** The search for a better config that comes first, if there is one, and the most bytes of the models that it compares. */
  readonly search: { readonly minutes: number; readonly size: number | undefined } | undefined;
}

/**
 * Resolves the config of the request `values` to a process that was started with `config`. Names of files are relative to
 * its `dataDir`. Throws an InputError with all problems.
 */
export async function requestedRun(values: Readonly<Record<string, unknown>>, config: Config): Promise<RequestedRun> {
  const { preset } = values;
  const given: Record<string, unknown> = {};
  let unknownKeys = 0;
  for (const key of Object.keys(values)) {
    if (key === "preset" || key in requestedSearchShape) continue;
    // A request may have thousands of unknown keys: the first ones are reported, and the others counted.
    if (Object.hasOwn(configSchema.shape, key) || ++unknownKeys <= MOST_LISTED) given[key] = values[key];
  }
  const problems = new Problems();
  for (const [key, value] of Object.entries(given)) {
    const message = refusal(key, value);
    if (message === undefined) continue;
    problems.add(() => ({ field: key, message }));
    delete given[key];
  }
  if (preset !== undefined && typeof preset !== "string") {
    problems.add(() => ({ field: "preset", message: "preset is not a text: expected the name of one" }));
  }
  const search = searchSchema.safeParse(values);
  for (const issue of search.error?.issues ?? []) {
    const field = String(issue.path[0]);
    problems.add(() => ({ field, message: `${field} is ${shown(values[field])}: ${expectation(issue)}` }));
  }
  const { tuneMinutes: minutes, tuneSize = "" } = search.data ?? {};
  if (minutes !== undefined && preset !== undefined) {
    problems.add(() => ({ field: "preset", message: "preset has a value: a search has no presets" }));
  }
  if (minutes === undefined && tuneSize !== "") {
    problems.add(() => ({ field: "tuneSize", message: "tuneSize has a value: expected tuneMinutes as well" }));
  }
  const name = typeof preset === "string" ? preset : undefined;
  const allowed = await allowedFiles(given, config, problems);
  const process = Object.keys(processShape).filter((key) => !allowedKeys.has(key) && key !== "chaos");
  const sources = [
    { values: Object.fromEntries(process.map((key) => [key, config[key as ConfigKey]])), nameOf: (key: string) => key },
    { values: allowed, nameOf: (key: string) => key },
  ];
  const resolve: Resolve = (defaults) => resolveConfig(name, sources, defaults);
  try {
    const parent = problems.count === 0 ? await openRun(resolve()) : undefined;
    const config = resolve(parent && inheritedConfig(parent));
    if (parent) refuseOtherModel(config, parent);
    if (minutes !== undefined && problems.count === 0) refuseBase(config, false);
    if (problems.count === 0) await checkFiles(config, given, problems);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // A file that was refused above is not reported again as a part of its list.
    const reported = new Set(problems.listed.map(({ field }) => field.replace(/\[.*/, "")));
    const more = error.more + Math.max(0, unknownKeys - MOST_LISTED);
    problems.addAll(new InputError(error.problems.filter(({ field }) => !reported.has(field)), more));
  }
  problems.check();
  return { resolve, given: allowed, search: minutes === undefined ? undefined : { minutes, size: byteSize(tuneSize) } };
}

/** Opens the run that a request names, and hides from the client in which folder runs are. */
async function openRun(config: Config): Promise<Parent | undefined> {
  try {
    return await openParent(config);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { runsDir } = config;
    throw named(named(error, join(runsDir, sep), "", "from"), runsDir, "runs", "from");
  }
}

/** Files of a request whose beginnings are read at once: the others are read when the run starts. */
const MOST_CHECKED = 20;

/** Adds the files that have not the columns of `config` to `problems`; `given` has the names that the client knows. */
async function checkFiles(config: Config, given: Readonly<Record<string, unknown>>, problems: Problems): Promise<void> {
  const names = new Map(pathsIn(given, configPaths).map(({ field, path }) => [field, path]));
  const files = pathsIn(config, configPaths).filter(({ key }) => ["data", "validation", "test"].includes(key));
  const extras = [config.groupColumn, config.timeColumn].filter((name) => name !== "");
  const fields = readingOf(parseColumns(config.columns));
  for (const { key, field, path } of files.slice(0, MOST_CHECKED)) {
    const reading = { ...config, ...fields, ...key === "data" && extras.length > 0 && { extras } };
    await checkBeginning(path, reading).catch((error) => {
      if (!(error instanceof InputError)) throw error;
      const column = /`(textColumn|labelColumn)`/.exec(error.message)?.[1];
      problems.addAll(named(error, path, names.get(field) ?? field, column ?? field));
    });
  }
}

/**
 * Says why a request may not have `value` for `key`: only the process may set the option, or the value is longer than any
 * valid one, so that the rest of it is not checked.
 */
function refusal(key: string, value: unknown): string | undefined {
  if (!allowedKeys.has(key)) {
    return Object.hasOwn(processShape, key) ? `${key} is an option of the process: a request cannot set it` : undefined;
  }
  if (Array.isArray(value) && value.length > MOST_VALUES) {
    return `${key} has ${counted(value.length, "value")}: expected at most ${MOST_VALUES} in a request`;
  }
  const texts = Array.isArray(value) ? value : [value];
  const long = texts.find((text) => typeof text === "string" && text.length > LONGEST_TEXT);
  if (typeof long !== "string") return undefined;
  return `${key} is ${shortJson(long)}, ${counted(long.length, "character")}: expected at most ${LONGEST_TEXT}`;
}

/** Returns `given` with the paths of the files that it names. Adds files that it may not name to `problems`. */
async function allowedFiles(
  given: Readonly<Record<string, unknown>>,
  { dataDir, runsDir }: Pick<Config, "dataDir" | "runsDir">,
  problems: Problems,
): Promise<Record<string, unknown>> {
  const folder = await realFolder(dataDir);
  const places = new Map<string, string>();
  for (const { key, field, path, mark } of pathsIn(given, configPaths)) {
    if (key === "from") {
      if (path === "latest" || RUN_ID.test(path)) places.set(field, join(runsDir, path));
      else {problems.add(() => ({
          field,
          message: `${field} is ${shortJson(path)}: expected the id of a run, or latest`,
        })
        );}
      continue;
    }
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
