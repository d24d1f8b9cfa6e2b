/**
 * The module of a folder that `export --to js` writes. It is bundled, with all that it imports, to index.gen.js and
 * huggingface.gen.js, and its types are index.gen.d.ts: see package/exported.ts.
 */
import { load as loadFrom, type LoadOptions } from "../../../standalone/load.ts";
import type { Model } from "../../../standalone/model.ts";

export { InputError } from "../../../base/errors.ts";
export { Model } from "../../../standalone/model.ts";

/**
 * Loads the model beside this module, or one from an address, a path, an answer of `fetch()` or bytes. Throws an Error if
 * it cannot be read, and a RangeError if it is damaged.
 */
export function load(
  source: string | URL | Response | ArrayBuffer | Uint8Array = new URL("./model.lockstep", import.meta.url),
  options?: LoadOptions,
): Promise<Model> {
  return loadFrom(source, options);
}
