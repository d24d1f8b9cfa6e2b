/** Finds the runtimes beside Deno on which the product runs. */
import { npmAbsence } from "../package/project.ts";
import { runIn } from "../package/project.ts";

/** The packages of npm that have them. */
export const RUNTIMES = { "Node 22": "node@22", "Node 26": "node@26", Bun: "bun" } as const;
export type RuntimeName = keyof typeof RUNTIMES;

/** Says why none can run here, or is undefined: they come from npm. */
export const runtimesAbsence = npmAbsence;

const paths = new Map<string, Promise<string>>();

/** Returns the path of the executable, since npx forwards no signals. */
export function executableOf(name: RuntimeName): Promise<string> {
  let path = paths.get(name);
  if (!path) {
    const print = ["-e", "console.log(process.execPath)"];
    path = runIn(".", "npx", "-y", RUNTIMES[name], ...print).then((text) => text.trim());
    paths.set(name, path);
  }
  return path;
}
