/**
 * Rewrites messages of lower layers for the command line. They name an option by its key in backquotes, and a missing
 * permission by the path or address; here the one becomes a flag, the other gets the command that grants it.
 */
import { InputError, missingPermission } from "../../base/errors.ts";
import { configSchema } from "../../config/schema.ts";
import { flagName } from "./flags.ts";

/** Tasks with the permission set of another one. */
const SETS: Readonly<Record<string, string>> = { resume: "train", verify: "check" };

/** The flags of Deno that grant the permissions in missingPermission(). */
const GRANTS: Readonly<Record<string, (value: string) => string>> = {
  read: (path) => `--allow-read=.,${path}`,
  "write to": (path) => `--allow-read=.,${path} --allow-write=${path}`,
  "listen on": (host) => `--allow-net=${host}`,
  "connect to": (host) => `--allow-net=${host},127.0.0.1`,
};

/** Returns `text` with `minCount` as --min-count, and with commands for missing permissions. */
export function forCommandLine(text: string): string {
  return text
    .replaceAll(/`(\w+)`/g, (quoted, key) => Object.hasOwn(configSchema.shape, key) ? `--${flagName(key)}` : quoted)
    .replaceAll(/this process may not (read|write to|listen on|connect to) "(.*?)"/g, (what, access, value) => {
      const task = Deno.args[0] ?? "train";
      return `${what}. Start with deno run -P=${SETS[task] ?? task} ${GRANTS[access]!(value)} main.ts ${task} …`;
    });
}

/** Reports that a command may not write to `path`, which `flag` names. */
export function cannotWrite(path: string, flag: string): InputError {
  return new InputError([{
    field: flag,
    message: `Cannot write to "${path}": ${missingPermission("write to", path)}`,
  }]);
}
