/**
 * This layer has all that differs between the runtimes: Deno, Node and Bun. Every other layer uses web APIs and `node:`
 * modules, which are the same in all of them. Start here: the other files choose by `runtime`.
 */
import { arch as nodeArch, platform, versions } from "node:process";

export type Runtime = "deno" | "node" | "bun";

/** The runtime of this process. All three have the versions of Node's parts, too. */
export const runtime: Runtime = versions.deno ? "deno" : versions.bun ? "bun" : "node";

/** Tells whether this program runs from its sources. The package has only JavaScript. */
export const isFromSources = import.meta.url.endsWith(".ts");

/** Returns the versions of the runtime and of its engine. */
export function runtimeVersions(): Record<string, string> {
  const engine = runtime === "bun" ? "webkit" : "v8";
  return { [runtime]: versions[runtime] ?? "", [engine]: versions[engine] ?? "" };
}

/** The operating system and the processor, by the names in the targets of compilers. */
export const system = {
  os: platform === "win32" ? "windows" : platform,
  arch: { x64: "x86_64", arm64: "aarch64" }[String(nodeArch)] ?? nodeArch,
} as const;
