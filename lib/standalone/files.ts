/** Reads files by their addresses or paths, in any runtime. */

/** Returns the address that `source` is; undefined for a path. A relative address is one of the page. */
export function urlOf(source: string | URL): URL | undefined {
  // A path of Windows begins with one letter and a colon.
  if (source instanceof URL || /^[a-z][a-z\d+.-]+:/i.test(source)) return new URL(source);
  const base = surroundings.document?.baseURI ?? (builtinFiles() ? undefined : surroundings.location?.href);
  return base === undefined ? undefined : new URL(source, base);
}

/** Returns the bytes at an address, or of the file with a path. */
export async function bytesAt(place: string | URL): Promise<Uint8Array> {
  const url = urlOf(place);
  if (url === undefined || url.protocol === "file:") return await fileSystem().readFile(url ?? place);
  return await bodyOf(await fetch(url));
}

export async function bodyOf(response: Response): Promise<Uint8Array> {
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the server answered ${response.status} ${response.statusText}`.trimEnd());
  }
  return new Uint8Array(await response.arrayBuffer());
}

/** The globals of some runtimes that are used here. */
interface Surroundings {
  readonly document?: { readonly baseURI: string };
  readonly location?: { readonly href: string };
  readonly process?: { readonly getBuiltinModule?: (name: string) => FileSystem | undefined };
}
const surroundings = globalThis as Surroundings;

interface FileSystem {
  stat(path: string | URL): Promise<{ isDirectory(): boolean }>;
  readFile(path: string | URL): Promise<Uint8Array>;
}

/** Returns the files of Node, Deno and Bun. No import names them, as bundlers for browsers would look for them. */
function builtinFiles(): FileSystem | undefined {
  return surroundings.process?.getBuiltinModule?.("node:fs/promises");
}

/** The same, and throws an Error in a runtime without files. */
export function fileSystem(): FileSystem {
  const files = builtinFiles();
  if (!files) throw new Error("this runtime has no files: expected an address or bytes");
  return files;
}
