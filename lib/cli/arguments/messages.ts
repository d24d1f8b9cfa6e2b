/**
 * Rewrites messages of lower layers for the command line. They name an option by its key in backquotes, which becomes a
 * flag here, and they describe what to do without a command, which they get here.
 */
import { argv } from "node:process";
import { type InputError, inputError, missingPermission } from "../../base/errors.ts";
import { configSchema } from "../../config/schema.ts";
import { flagName } from "../../report/flag_name.ts";
import { isFromSources } from "../../platform/runtime.ts";
import { PROGRAM } from "./program.ts";

/** Tasks with the permission set of another one. */
const SETS: Readonly<Record<string, string>> = { resume: "train", compare: "runs" };

/** The flags of Deno that grant the permissions in missingPermission(). */
const GRANTS: Readonly<Record<string, (value: string) => string>> = {
  read: (path) => `--allow-read=.,${path}`,
  "write to": (path) => `--allow-read=.,${path} --allow-write=${path}`,
  "listen on": (host) => `--allow-net=${host}`,
  "connect to": (host) => `--allow-net=${host},127.0.0.1`,
  load: (path) => `--allow-ffi=${path}`,
};

/** Returns `text` with `minCount` as --min-count, and with commands that resume, check or grant permissions. */
export function forCommandLine(text: string): string {
  return text
    .replaceAll(/`(\w+)`/g, (quoted, key) => Object.hasOwn(configSchema.shape, key) ? `--${flagName(key)}` : quoted)
    .replaceAll(/\b(r|R)esume the run in "(.*?)"/g, (_, initial, directory) => {
      return `${initial === "R" ? "Resume it with:" : "resume it with:"} ${PROGRAM} resume ${directory}`;
    })
    .replaceAll("a check of the data", `${PROGRAM} check`)
    .replaceAll(/build the native kernels(?: again)?/g, isFromSources ? `$&: ${PROGRAM} native` : "$&")
    .replaceAll(/this process may not (read|write to|listen on|connect to|load) "(.*?)"/g, (what, access, value) => {
      const task = argv[2] ?? "train";
      const grant = GRANTS[access]!(value);
      return isFromSources
        ? `${what}. Start with deno run -P=${SETS[task] ?? task} ${grant} main.ts ${task} …`
        : `${what}. Start Deno with ${grant}`;
    });
}

/** Reports that a command may not write to `path`, which `flag` names. */
export function cannotWrite(path: string, flag: string): InputError {
  return inputError(flag, `Cannot write to "${path}": ${missingPermission("write to", path)}`);
}
