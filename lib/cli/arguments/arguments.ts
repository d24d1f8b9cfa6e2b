/** Command-line arguments → values for the config, and what is left over. */
import { parseArgs } from "@std/cli/parse-args";
import { readFile } from "node:fs/promises";
import type { ConfigSource } from "../../config/resolve.ts";
import { type Flag, flagValue } from "./flags.ts";
import { meantNames } from "../../config/nearest.ts";
import { fromCaller } from "./caller.ts";
import { errorMessage, InputError, type Problem } from "../../base/errors.ts";

export interface Arguments {
  /** What the flags say, by config key. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Flags of the command that are not config, by name. */
  readonly extra: Readonly<Record<string, string>>;
  readonly help: boolean;
  readonly positionals: readonly string[];
}

/** Flags of commands that are paths and no config. */
const PATHS: readonly string[] = ["config", "out"];

/** Files that the caller listed, for this process; - is standard input. */
function fromHere(files: unknown): unknown {
  return Array.isArray(files) ? callersFiles(files.map(String)) : files;
}

/** Files that the caller named, for this process; - is standard input, and "" is left to whoever checks. */
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
  const parsed = parseArgs([...args], {
    string: taking,
    collect: flags.filter(({ kind }) => kind === "list").map(({ name }) => name),
    boolean: switches,
    unknown: (arg, key) => {
      if (key === undefined) return true; // A positional argument.
      const meant = meantNames(key, [...taking, ...switches]).map((name) => `--${name}`).join(" or ");
      const hint = meant !== "" ? `did you mean ${meant}?` : "--help lists all there are";
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
  return {
    values,
    extra: Object.fromEntries(others),
    help: parsed.help === true,
    positionals: parsed._.map(String),
  };
}

/**
 * The files that `--data` and what stands behind it name: `--data part-*.csv` leaves all but the first behind the flag's
 * value, and `--data -` even that. Throws an InputError if there is none.
 */
export function dataFiles(data: unknown, positionals: readonly string[]): readonly string[] {
  const files = [...(Array.isArray(data) ? data : []), ...callersFiles(positionals)].filter((file) => file !== "");
  if (files.length > 0) return files;
  throw new InputError([{ field: "--data", message: "--data has no value: expected a file of rows, or -" }]);
}

/** `bytes` as text: UTF-8, or the encoding that their byte order mark names, as some editors and shells write. */
function decoded(bytes: Uint8Array): string {
  const [a, b] = bytes;
  const encoding = a === 0xFF && b === 0xFE ? "utf-16le" : a === 0xFE && b === 0xFF ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

/** The values in a JSON file: a plain object of config keys, or a run's `run.json`. Throws an InputError. */
export async function readConfigFile(path: string): Promise<ConfigSource> {
  const refuse = (message: string) => new InputError([{ field: "--config", message }]);
  let value: unknown;
  try {
    value = JSON.parse(decoded(await readFile(path)));
  } catch (error) {
    throw refuse(`Cannot read the config file "${path}": ${errorMessage(error)}`);
  }
  if (!isObject(value)) throw refuse(`The config file "${path}" holds no object: expected {"seed": 7, …}`);
  const values = isObject(value.config) ? value.config : value;
  return { values, nameOf: (key) => `"${key}" in ${path}` };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
