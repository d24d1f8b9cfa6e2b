/** Parses command-line arguments into values for the config, other flags, and the rest. */
import { parseArgs } from "@std/cli/parse-args";
import { readFile } from "node:fs/promises";
import type { z } from "zod";
import { type ConfigSource, expectation, shown } from "../../config/resolve.ts";
import { type Flag, flagValue } from "./flags.ts";
import { flagName } from "../../report/flag_name.ts";
import { configSchema } from "../../config/schema.ts";
import { meantNames } from "../../base/nearest.ts";
import { fromCaller } from "./caller.ts";
import { environmentValues, variableOf } from "./environment.ts";
import { errorMessage, InputError, inputError, type Problem } from "../../base/errors.ts";
import { isRecord } from "../../base/record.ts";

export interface Arguments {
  /** Values of flags, or of their variables in the environment, by key of the config. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Names a key by its flag or, if the value comes from the environment, by its variable. */
  readonly nameOf: (key: string) => string;
  /** Values of flags that are not options of the config, by name. */
  readonly extra: Readonly<Record<string, string>>;
  readonly help: boolean;
  readonly positionals: readonly string[];
}

/** Flags that take a path and are not options of the config. */
const PATHS: readonly string[] = ["config", "out"];

/** Translates a list of files that the caller named into paths for this process. */
function fromHere(files: unknown): unknown {
  return Array.isArray(files) ? callersFiles(files.map(String)) : files;
}

/** Translates files that the caller named into paths for this process. Keeps - (standard input) and "", which is refused later. */
export function callersFiles(files: readonly string[]): string[] {
  return files.map((file) => file === "-" || file === "" ? file : fromCaller(file));
}

/**
 * Parses `args` with the config's `flags` and the command's own `extra` ones (all of which take a value).
 * Throws an InputError for unknown flags, with the nearest known one, and for flags that lack their value.
 */
export function parseArguments(
  args: readonly string[],
  flags: readonly Flag<string>[],
  extra: readonly string[],
): Arguments {
  const taking = [...flags.filter(({ kind }) => kind !== "boolean").map(({ name }) => name), ...extra];
  const switches = ["help", ...flags.filter(({ kind }) => kind === "boolean").map(({ name }) => name)];
  const problems: Problem[] = [];
  const parsed = parseArgs(withDashes(args, taking), {
    string: taking,
    collect: flags.filter(({ kind }) => kind === "list").map(({ name }) => name),
    boolean: switches,
    unknown: (arg, key) => {
      if (key === undefined) return true; // A positional argument.
      const meant = meantNames(key, [...taking, ...switches]).map((name) => `--${name}`).join(" or ");
      const hint = meant !== "" ? `did you mean ${meant}?` : "--help lists all flags";
      problems.push({ field: arg, message: `Unknown flag ${arg}: ${hint}` });
      return false;
    },
  });
  const given = (name: string) => args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  const text = (name: string): string | undefined => {
    if (!given(name)) return undefined;
    const value = String(parsed[name] ?? "");
    if (value === "") problems.push({ field: `--${name}`, message: `--${name} has no value: expected one after it` });
    return value;
  };
  const values: Record<string, unknown> = {};
  for (const flag of flags) {
    if (flag.kind === "boolean") {
      if (given(flag.name) || given(`no-${flag.name}`)) values[flag.key] = parsed[flag.name];
      continue;
    }
    if (flag.kind === "list") {
      if (given(flag.name)) values[flag.key] = flag.path ? fromHere(parsed[flag.name]) : parsed[flag.name];
      continue;
    }
    const value = text(flag.name);
    if (value === undefined) continue;
    const meant = flagValue(flag, value);
    const isPath = flag.path && value !== "" && typeof meant === "string" && !flag.path.words?.includes(meant);
    values[flag.key] = isPath ? fromCaller(meant) : meant;
  }
  const others = extra.flatMap((name) => {
    const value = text(name);
    return value === undefined
      ? []
      : [[name, PATHS.includes(name) && value !== "" ? fromCaller(value) : value] as const];
  });
  if (problems.length > 0) throw new InputError(problems);
  const variables = environmentValues(flags);
  return {
    values: { ...variables, ...values },
    nameOf: (key) => key in variables && !(key in values) ? variableOf(key) ?? key : `--${flagName(key)}`,
    extra: Object.fromEntries(others),
    help: parsed.help === true,
    positionals: parsed._.map(String),
  };
}

/** Joins a flag that takes a value with - behind it, which the parser would not take as its value. */
function withDashes(args: readonly string[], taking: readonly string[]): string[] {
  const takes = (arg: string | undefined) => arg?.startsWith("--") === true && taking.includes(arg.slice(2));
  return args.flatMap((arg, index) => {
    if (arg === "-" && takes(args[index - 1])) return [];
    return takes(arg) && args[index + 1] === "-" ? [`${arg}=-`] : [arg];
  });
}

/** Parses the values of a command's own flags. Throws an InputError that names every wrong flag. */
export function parseOptions<Schema extends z.ZodType>(
  schema: Schema,
  values: Readonly<Record<string, unknown>>,
  nameOf: Arguments["nameOf"] = (key) => `--${flagName(key)}`,
): z.infer<Schema> {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new InputError(parsed.error.issues.map((issue) => {
    const key = String(issue.path[0] ?? "");
    const field = nameOf(key);
    return { field, message: `${field} is ${shown(values[key])}: ${expectation(issue)}` };
  }));
}

/**
 * Returns the files of `--data` and the arguments behind it: of `--data part-*.csv`, all files but the first are separate
 * arguments. Throws an InputError if no file is named.
 */
export function dataFiles(data: unknown, positionals: readonly string[]): readonly string[] {
  const files = [...(Array.isArray(data) ? data : []), ...callersFiles(positionals)].filter((file) => file !== "");
  if (files.length > 0) return files;
  throw inputError("--data", "--data has no value: expected a file of rows, or -");
}

/** Returns the precision that --reject wants of the answers of a saved model; undefined without the flag. */
export function rejectOf({ reject }: Readonly<Record<string, unknown>>): number | undefined {
  return reject === undefined ? undefined : parseOptions(configSchema.pick({ reject: true }), { reject }).reject;
}

/** Decodes UTF-8, or the encoding of a byte order mark, which some editors and shells write. */
function decoded(bytes: Uint8Array): string {
  const [a, b] = bytes;
  const encoding = a === 0xFF && b === 0xFE ? "utf-16le" : a === 0xFE && b === 0xFF ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

/** Reads the values of a JSON file: an object with keys of the config, or a run's `run.json`. Throws an InputError. */
export async function readConfigFile(path: string): Promise<ConfigSource> {
  const refuse = (message: string) => inputError("--config", message);
  let value: unknown;
  try {
    value = JSON.parse(decoded(await readFile(path)));
  } catch (error) {
    throw refuse(`Cannot read the config file "${path}": ${errorMessage(error)}`);
  }
  if (!isRecord(value)) throw refuse(`The config file "${path}" has no object: expected {"seed": 7, …}`);
  const values = isRecord(value.config) ? value.config : value;
  return { values, nameOf: (key) => `"${key}" in ${path}` };
}
