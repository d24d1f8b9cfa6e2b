/** Loads a model from a file, an address or bytes, in any runtime. */
import { errorMessage, InputError } from "../base/errors.ts";
import type { PreprocessingJson } from "../data/encode/preprocessing.ts";
import { plainTokenizer } from "../data/tokenizers/plain_tokenizers.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { compileForward, type ForwardModules } from "../engine/simd/forward_kernels.ts";
import { Model } from "./model.ts";
import { decodeModel } from "./model_file.ts";

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
    const tokenizer = model.preprocessing && await tokenizerOf(model.preprocessing);
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

/** Creates the tokenizer of a model. Those of Hugging Face are loaded only for models that have one. */
async function tokenizerOf({ tokenizer, rules = 1 }: PreprocessingJson): Promise<Tokenizer> {
  if (tokenizer.kind !== "huggingface") return plainTokenizer(tokenizer);
  if (rules > 1) return (await import("../data/tokenizers/exact_tokenizer.ts")).exactTokenizer(tokenizer);
  const cut = () => {
    throw new TypeError(
      "a library cut the texts of this old run: expected a list of tokens, as its tokenizer cuts them",
    );
  };
  return { json: tokenizer, cut };
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
  return await bodyOf(await fetch(url));
}

/** Returns the address that `source` is; undefined for a path. */
function urlOf(source: string | URL): URL | undefined {
  // A path of Windows begins with one letter and a colon.
  if (source instanceof URL || /^[a-z][a-z\d+.-]+:/i.test(source)) return new URL(source);
  const base = surroundings.document?.baseURI ?? (fileSystem() ? undefined : surroundings.location?.href);
  return base === undefined ? undefined : new URL(source, base);
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the server answered ${response.status} ${response.statusText}`.trimEnd());
  }
  return new Uint8Array(await response.arrayBuffer());
}

/** Reads a file, or the model in a folder. */
async function readFrom(path: string | URL): Promise<Uint8Array> {
  const system = fileSystem();
  if (!system) throw new Error("this runtime has no files: expected an address or bytes");
  if (!(await system.stat(path)).isDirectory()) return await system.readFile(path);
  const inFolder = `${String(path).replace(/\/$/, "")}/${MODEL_FILE}`;
  return await system.readFile(path instanceof URL ? new URL(inFolder) : inFolder);
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
function fileSystem(): FileSystem | undefined {
  return surroundings.process?.getBuiltinModule?.("node:fs/promises");
}
