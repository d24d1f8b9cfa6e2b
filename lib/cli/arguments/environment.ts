/** Reads flags from the environment: `LOCKSTEP_RUNS_DIR` is `--runs-dir`. */
import { env } from "node:process";
import { processShape } from "../../config/schema.ts";
import { mayReadVariable } from "../../platform/permissions.ts";
import { fromCaller } from "./caller.ts";
import { type Flag, flags as all, flagValue } from "./flags.ts";
import { flagName } from "../../report/flag_name.ts";

/**
 * Returns the variable of an option. Only options of the process have one: a forgotten variable never changes the result of a run.
 */
export function variableOf(key: string): string | undefined {
  return key in processShape ? `LOCKSTEP_${flagName(key).replaceAll("-", "_").toUpperCase()}` : undefined;
}

/** Switches are written as in other programs. */
const SWITCHES: Readonly<Record<string, boolean>> = { 1: true, true: true, 0: false, false: false };

/** Returns the values of `flags` that the environment has, by key. An empty variable counts as absent. */
export function environmentValues(
  flags: readonly Flag<string>[],
  read: (variable: string) => string | undefined = readVariable,
): Record<string, unknown> {
  return Object.fromEntries(flags.flatMap((flag): [string, unknown][] => {
    const { key, kind, path } = flag;
    // A command may have another option of the same name, with other values.
    const isProcess = all.some((other) => other.key === key && other.value === flag.value);
    const variable = isProcess ? variableOf(key) : undefined;
    const text = variable === undefined ? undefined : read(variable);
    if (text === undefined || text === "") return [];
    if (kind === "boolean") return [[key, SWITCHES[text] ?? text]];
    if (kind === "list") return [[key, text.split(",").map((item) => item.trim())]];
    return [[key, path && !path.words?.includes(text) ? fromCaller(text) : flagValue(flag, text)]];
  }));
}

function readVariable(name: string): string | undefined {
  return mayReadVariable(name) ? env[name] : undefined;
}
