/**
 * Installs ONNX Runtime from npm for the tests of a file. It is none of the project's own packages: it is larger than all of
 * them, and Deno downloads every package of the lock before the first run.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runIn } from "../../package/project.ts";

const VERSION = "1.30.0";

/** The part of the packages that tests use themselves. */
export interface OnnxRuntime {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly InferenceSession: { create(path: string): Promise<Session> };
  readonly Tensor: new (type: string, data: Int32Array, dims: readonly number[]) => unknown;
}

interface Session {
  run(feeds: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>;
}

export type OnnxPackage = "onnxruntime-node" | "onnxruntime-web";

let folder: Promise<string> | undefined;

/** Returns the folder of an installed package. */
export async function onnxFolder(name: OnnxPackage): Promise<string> {
  return join(await (folder ??= install()), "node_modules", name);
}

/** Loads a package as a program of Node does. */
export async function loadOnnx(name: OnnxPackage): Promise<OnnxRuntime> {
  return createRequire(join(await onnxFolder(name), "package.json"))(name);
}

async function install(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "lockstep-onnxruntime-"));
  await writeFile(join(made, "package.json"), "{}");
  const packages = ["onnxruntime-node", "onnxruntime-web"].map((name) => `${name}@${VERSION}`);
  await runIn(made, "npm", "install", "--no-fund", "--no-audit", "--ignore-scripts", ...packages);
  return made;
}

/** Removes the packages. */
export async function removeOnnx(): Promise<void> {
  if (folder) await rm(await folder, { recursive: true, force: true });
}
