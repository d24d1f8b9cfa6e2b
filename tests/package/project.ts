/** Installs the package into an empty project, as its users do, once for all tests of a file. */
import { assertEquals } from "@std/assert";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPackages } from "../../package/build.ts";
import { programAbsence } from "../optional.ts";
import { PATIENCE_MS } from "../patience.ts";

/** Says why nothing can be installed here, or is undefined. */
export const npmAbsence = programAbsence("npm", ["ping", "--fetch-retries=0"]) && "npm's registry is out of reach";

/** Milliseconds that a command may take: npm installs and TypeScript compiles for a minute on a busy machine. */
const COMMAND_MS = 4 * PATIENCE_MS;

export interface Project {
  /** The project: a folder with node_modules. */
  readonly folder: string;
  /** The folder of the built packages. */
  readonly built: string;
}

let root: string | undefined;
let project: Promise<Project> | undefined;

/** Builds the package and installs it into a project without anything else. */
export function installedProject(): Promise<Project> {
  return project ??= install();
}

async function install(): Promise<Project> {
  root = await mkdtemp(join(tmpdir(), "lockstep-package-"));
  const [built, folder] = [join(root, "dist"), join(root, "project")];
  const tarball = await buildPackages(built);
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await runIn(folder, "npm", "install", "--no-fund", "--no-audit", tarball);
  return { folder, built };
}

/** Removes the project. */
export async function removeProject(): Promise<void> {
  if (root !== undefined) await rm(root, { recursive: true, force: true });
}

/** Runs a command in `folder` and returns its standard output. Fails unless it exits with 0 before long. */
export async function runIn(folder: string, command: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await outputOf(folder, command, ...args);
  assertEquals(code, 0, `${command} ${args.join(" ")}: ${stderr}${stdout}`);
  return stdout;
}

/** Runs a command in `folder`, which must end before long, and returns how it ended. */
export async function outputOf(
  cwd: string,
  command: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const signal = AbortSignal.timeout(COMMAND_MS);
  const child = new Deno.Command(command, { args: [...args], cwd, signal, stdin: "null" });
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
