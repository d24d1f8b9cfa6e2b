/**
 * Reads the files of an exported folder, in browsers and in runtimes with files. Exported models run this file: plain
 * JavaScript without its types.
 */

/** Returns the contents of a file. */
export type ReadFile = (name: string) => Promise<Uint8Array<ArrayBuffer>>;

/** Only runtimes with files have this: no import, which a bundler for browsers would refuse. */
const builtin = globalThis.process?.getBuiltinModule;

/** Returns the function that reads the files of a folder, by its address or its path. */
export function openFolder(folder: string | URL): ReadFile {
  const base = addressOf(folder);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return async (name) => {
    const address = new URL(name, base);
    if (address.protocol === "file:" && builtin) {
      return new Uint8Array(await builtin("node:fs/promises").readFile(address));
    }
    const response = await fetch(address);
    if (!response.ok) throw new Error(`Cannot load ${address}: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
}

/** Resolves a path in a page against the page's address, elsewhere against the current directory. A drive is no scheme. */
function addressOf(folder: string | URL): URL {
  if (typeof folder !== "string" || /^[a-z][a-z\d+.-]+:/i.test(folder)) return new URL(folder);
  if (!globalThis.location && builtin) return builtin("node:url").pathToFileURL(folder);
  return new URL(folder, globalThis.location?.href);
}
