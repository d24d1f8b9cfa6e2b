/**
 * The module of a folder that `export --to js` writes. It is bundled, with all that it imports, to index.gen.js and
 * huggingface.gen.js: see package/exported.ts.
 */
import { load as loadFrom, type LoadOptions } from "../../../standalone/load.ts";
import type { Model } from "../../../standalone/model.ts";

export { InputError } from "../../../base/errors.ts";
export { Model } from "../../../standalone/model.ts";

/** Loads the model beside this module, or another one. */
export function load(
  source: Parameters<typeof loadFrom>[0] = new URL("./model.lockstep", import.meta.url),
  options?: LoadOptions,
): Promise<Model> {
  return loadFrom(source, options);
}
