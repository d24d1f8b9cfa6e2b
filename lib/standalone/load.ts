/** Loads a model from a file, an address or bytes, in any runtime. */
import { errorMessage, InputError } from "../base/errors.ts";
import { compileForward, type ForwardModules } from "../engine/simd/forward_kernels.ts";
import { bodyOf, bytesAt, fileSystem, urlOf } from "./files.ts";
import { Model } from "./model.ts";
import { decodeModel } from "./model_file.ts";
import { openTokenizer } from "./open_tokenizer.ts";

/** The file in a folder of `export --to js`. */
const MODEL_FILE = "model.lockstep";

/**
 * Options of load().
 *
 * @example
 * ```ts
 * import { load, type LoadOptions } from "lockstep/predict";
 *
 * const options: LoadOptions = {}; // { kernels: { forward, products } } where no bytes can be compiled
 * const model = await load("./model.lockstep", options);
 * console.log(model.labels);
 * ```
 */
export interface LoadOptions {
  /**
   * The compiled `forward.wasm` and `forward_products.wasm` of the package's folder `kernels/`, for runtimes that compile no
   * bytes and import modules instead, such as Cloudflare's workers. Default: they are compiled here.
   */
  readonly kernels?: { readonly forward: object; readonly products: object } | undefined;
}

/**
 * Loads the model that `source` names: an address or a path of a `model.lockstep` or of a folder with one, or an answer of
 * `fetch()`, or bytes. A relative address is one of the page; without a page it is a path. Throws an Error that names the
 * source if it cannot be read, and a RangeError if it is damaged or no model.
 *
 * @example
 * ```ts
 * import { load } from "lockstep/predict";
 *
 * const model = await load(new URL("./model.lockstep", import.meta.url));
 * console.log(model.predictMany(["where is my parcel?", "I was charged twice"], { top: 2 }));
 * ```
 */
export async function load(
  source: string | URL | Response | ArrayBuffer | Uint8Array,
  { kernels }: LoadOptions = {},
): Promise<Model> {
  const compiling = kernels ? checkedModules(kernels) : compileForward();
  const name = nameOf(source);
  try {
    const model = await decodeModel(await bytesOf(source));
    const tokenizer = model.preprocessing && await openTokenizer(model.preprocessing);
    return new Model(model, tokenizer, await compiling);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const message = `Cannot load ${name}: ${errorMessage(error)}`;
    throw error instanceof RangeError
      ? new RangeError(message, { cause: error })
      : new Error(message, { cause: error });
  }
}

/** Returns `kernels` if they are compiled modules. Throws a TypeError if not. */
function checkedModules({ forward, products }: NonNullable<LoadOptions["kernels"]>): ForwardModules {
  if (forward instanceof WebAssembly.Module && products instanceof WebAssembly.Module) return { forward, products };
  throw new TypeError("kernels.forward and kernels.products: expected compiled modules of WebAssembly");
}

function nameOf(source: string | URL | Response | ArrayBuffer | Uint8Array): string {
  if (typeof source === "string" || source instanceof URL) return `"${source}"`;
  return source instanceof Response ? `"${source.url}"` : "the bytes";
}

async function bytesOf(source: string | URL | Response | ArrayBuffer | Uint8Array): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Response) return await bodyOf(source);
  const url = urlOf(source);
  if (url === undefined || url.protocol === "file:") return await readFrom(url ?? String(source));
  if (url.pathname.endsWith("/")) url.pathname += MODEL_FILE;
  return await bytesAt(url);
}

/** Reads a file, or the model in a folder. */
async function readFrom(path: string | URL): Promise<Uint8Array> {
  if (!(await fileSystem().stat(path)).isDirectory()) return await bytesAt(path);
  const inFolder = `${String(path).replace(/\/$/, "")}/${MODEL_FILE}`;
  return await bytesAt(path instanceof URL ? new URL(inFolder) : inFolder);
}
