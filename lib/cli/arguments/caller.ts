/**
 * Translates paths from the folder of the caller. `deno task` runs every task in the project's folder and passes the
 * folder in which it was called as INIT_CWD.
 */
import { isAbsolute, relative, resolve, sep } from "node:path";
import { cwd, env } from "node:process";
import { fileURLToPath } from "node:url";
import { mayReadVariable } from "../../platform/permissions.ts";
import { isFromSources } from "../../platform/runtime.ts";

const PROJECT = resolve(fileURLToPath(new URL("../../../", import.meta.url)));

/** Translates `path` from the folder of the caller to that of this process. Absolute paths stay unchanged. */
export function fromCaller(path: string, caller: string | undefined = callerFolder()): string {
  if (caller === undefined || isAbsolute(path)) return path;
  const absolute = resolve(caller, path);
  const within = relative(cwd(), absolute);
  if (within === ".." || within.startsWith(`..${sep}`) || isAbsolute(within)) return absolute;
  // A file with the name - is not standard input.
  return within === "" ? "." : within === "-" ? `.${sep}-` : within;
}

/** Returns the folder of the caller if it is not the current one. */
function callerFolder(): string | undefined {
  // Without the task runner, paths are relative to the current folder; npm's scripts set the variable, too.
  if (!isFromSources || cwd() !== PROJECT) return undefined;
  if (!mayReadVariable("INIT_CWD")) return undefined;
  const folder = env.INIT_CWD;
  return folder === undefined || folder === "" || resolve(folder) === PROJECT ? undefined : folder;
}
