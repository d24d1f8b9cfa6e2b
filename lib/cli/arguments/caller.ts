/**
 * Paths as whoever gave the command meant them. `deno task` runs a task in the project's folder, wherever it was called,
 * and says in INIT_CWD where that was.
 */
import { isAbsolute, relative, resolve, sep } from "node:path";
import { cwd, env } from "node:process";
import { fileURLToPath } from "node:url";

const PROJECT = resolve(fileURLToPath(new URL("../../../", import.meta.url)));

/** `path`, which the caller named, for this process; as it is where the command was given here, and where it is absolute. */
export function fromCaller(path: string, caller: string | undefined = callerFolder()): string {
  if (caller === undefined || isAbsolute(path)) return path;
  const absolute = resolve(caller, path);
  const within = relative(cwd(), absolute);
  if (within === ".." || within.startsWith(`..${sep}`) || isAbsolute(within)) return absolute;
  // A file that is called so is not standard input.
  return within === "" ? "." : within === "-" ? `.${sep}-` : within;
}

/** Another folder than this one, where the command was given; undefined if there is none. */
function callerFolder(): string | undefined {
  // Whoever starts the program itself, in any folder, means that one; npm's scripts set the variable, too.
  if (cwd() !== PROJECT) return undefined;
  if (Deno.permissions.querySync({ name: "env", variable: "INIT_CWD" }).state !== "granted") return undefined;
  const folder = env.INIT_CWD;
  return folder === undefined || folder === "" || resolve(folder) === PROJECT ? undefined : folder;
}
