/** Locates the native kernels' library and the sources that it is built from. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { system } from "../../../platform/runtime.ts";

/** The version of the library's own functions and of the way in which its kernels are called. */
export const LIBRARY_ABI = 1;

const folder = new URL("../../../../kernels/native/", import.meta.url);

/** Returns the absolute path of the library for an operating system and an architecture, by default those of this process. */
export function libraryPath(os: string = system.os, arch: string = system.arch): string {
  return fileURLToPath(new URL(`build/${os}-${arch}.${os === "darwin" ? "dylib" : "so"}`, folder));
}

/** Returns the paths of the C sources and their headers from kernels/native, in order. */
export function nativeSources(): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => /\.[ch]$/.test(path))
    .map((path) => path.replaceAll("\\", "/")).sort();
}

/** Returns the absolute path of a source. */
export function sourcePath(name: string): string {
  return fileURLToPath(new URL(name, folder));
}

/** Has the flags of the compiler. */
const COMPILATION = "compile.ts";

/** Returns the SHA-256, in hex, of the sources and their compilation: a library with another one does not fit this checkout. */
export function sourcesDigest(): string {
  const hash = createHash("sha256");
  for (const name of [...nativeSources(), COMPILATION]) {
    const text = readFileSync(sourcePath(name), "utf8").replaceAll("\r\n", "\n");
    hash.update(`${name} ${text.length}\n`).update(text);
  }
  return hash.digest("hex");
}
