/** Names the program as its user starts it: as a task of the sources, or as the command of the installed package. */
import { argv, env } from "node:process";

/** Tells whether this program runs from its sources. The package has only JavaScript. */
export const FROM_SOURCES = import.meta.url.endsWith(".ts");

/**
 * Returns what stands before the name of a command. `script` is the path of the started file, which npm's own folder holds
 * unless the package is installed for all projects.
 */
export function programName(fromSources: boolean, script: string, isExec: boolean): string {
  if (fromSources) return "deno task";
  return isExec || /[\\/]node_modules[\\/]/.test(script) ? "npx lockstep" : "lockstep";
}

/** `deno task`, `npx lockstep` or `lockstep`. */
export const PROGRAM = programName(FROM_SOURCES, argv[1] ?? "", !FROM_SOURCES && env.npm_command === "exec");
