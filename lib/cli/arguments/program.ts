/** Names the program as its user starts it: as a task of the sources, or as the command of the installed package. */
import { argv, env } from "node:process";
import { isFromSources } from "../../platform/runtime.ts";

/**
 * Returns what stands before the name of a command. `script` is the path of the started file, which npm's own folder holds
 * unless the package is installed for all projects.
 */
export function programName(fromSources: boolean, script: string, isExec: boolean): string {
  if (fromSources) return "deno task";
  return isExec || /[\\/]node_modules[\\/]/.test(script) ? "npx lockstep" : "lockstep";
}

/** `deno task`, `npx lockstep` or `lockstep`. */
export const PROGRAM = programName(isFromSources, argv[1] ?? "", !isFromSources && env.npm_command === "exec");
