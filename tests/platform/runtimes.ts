/** Runs the product of the package on the runtimes beside Deno, which come from npm. */
import { join } from "node:path";
import { type Finished, launch, type Running } from "../cli/process.ts";
import { installedProject, runIn } from "../package/project.ts";

const PACKAGES = { "Node 22": "node@22", "Node 26": "node@26", Bun: "bun" } as const;
export type RuntimeName = keyof typeof PACKAGES;

const paths = new Map<string, Promise<string>>();

/** Returns the path of the executable: npx, which downloads it, forwards no signals. */
export function executableOf(name: RuntimeName): Promise<string> {
  let path = paths.get(name);
  if (!path) {
    const print = ["-e", "console.log(process.execPath)"];
    path = runIn(".", "npx", "-y", PACKAGES[name], ...print).then((text) => text.trim());
    paths.set(name, path);
  }
  return path;
}

/** Returns what starts the product on a runtime, before the name of a command. */
export async function productOf(name: RuntimeName): Promise<string[]> {
  return [await executableOf(name), join((await installedProject()).folder, "node_modules/lockstep/bin.js")];
}

/** Starts a command of the product. */
export async function startOn(name: RuntimeName, ...args: readonly string[]): Promise<Running> {
  const [executable, ...script] = await productOf(name);
  return launch(executable!, [...script, ...args]);
}

/** Runs a command of the product to its end. */
export async function runOn(name: RuntimeName, ...args: readonly string[]): Promise<Finished> {
  return await (await startOn(name, ...args)).finished;
}
