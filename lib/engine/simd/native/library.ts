/** Opens the library of native kernels, after checking that it fits this checkout and this processor. */
import { existsSync } from "node:fs";
import { z } from "zod";
import { errorMessage, missingPermission } from "../../../base/errors.ts";
import { INSTRUCTION_SETS, type KernelChoice } from "../../../config/kernels.ts";
import {
  type ForeignFunction,
  type ForeignFunctions,
  type ForeignSymbols,
  hasLibraries,
  openForeign,
} from "../../../platform/foreign.ts";
import { mayUse } from "../../../platform/permissions.ts";
import type { NativeLibrary } from "../../contract.ts";
import { KERNELS, STRUCTS } from "../bindings.gen.ts";
import type { NativeKernels } from "./bindings.gen.ts";
import { LIBRARY_ABI, libraryPath, sourcesDigest } from "./sources.ts";

/** Describes the kernels that a process uses. */
export interface ChosenKernels {
  /** Absent for WebAssembly. */
  readonly library?: NativeLibrary;
  /** Says why a library that exists is not used. */
  readonly notice?: string;
}

/** The library is missing or does not fit. */
export class UnfitLibrary extends Error {
  override readonly name = "UnfitLibrary";
}

/** The library's own functions. */
const ABI = { lockstep_abi: { parameters: [], result: "u32" } } as const;
const ABOUT = { lockstep_about: { parameters: ["buffer", "u32"], result: "u32" } } as const;
const ABOUT_BYTES = 16_384;

const setSchema = z.enum([...INSTRUCTION_SETS.x86_64, ...INSTRUCTION_SETS.aarch64]);
const aboutSchema = z.object({
  sources: z.string(),
  kernels: z.array(z.string()),
  /** The instruction sets of the library and those of the processor, the best first. */
  sets: z.array(setSchema),
  processor: z.array(setSchema),
});

/** Describes a library as it does itself. */
export type LibraryDescription = z.infer<typeof aboutSchema>;

/** Returns the description of the library at `path`. Throws an UnfitLibrary if it cannot be opened or has another version. */
export function describeLibrary(path: string): LibraryDescription {
  const abi = withLibrary(path, ABI, ({ lockstep_abi }) => lockstep_abi());
  if (abi !== LIBRARY_ABI) {
    throw new UnfitLibrary(`"${path}" has version ${abi}, expected ${LIBRARY_ABI}: build the native kernels again`);
  }
  return withLibrary(path, ABOUT, ({ lockstep_about }) => {
    const bytes = new Uint8Array(ABOUT_BYTES);
    const text = new TextDecoder().decode(bytes.subarray(0, lockstep_about(bytes, bytes.length)));
    return aboutSchema.parse(JSON.parse(text));
  });
}

/** Calls `use` with functions of the library and closes it. Throws an UnfitLibrary if it cannot be opened. */
function withLibrary<Symbols extends ForeignSymbols, Result>(
  path: string,
  symbols: Symbols,
  use: (functions: ForeignFunctions<Symbols>) => Result,
): Result {
  let library: ReturnType<typeof openForeign<Symbols>>;
  try {
    library = openForeign(path, symbols);
  } catch (error) {
    throw new UnfitLibrary(`"${path}" cannot be opened: ${errorMessage(error)}`);
  }
  try {
    return use(library.symbols);
  } finally {
    library.close();
  }
}

const NO_LIBRARIES = "native kernels need Deno: this runtime computes with those of WebAssembly, with the same results";

/**
 * Chooses the kernels of this process. Throws an UnfitLibrary if `choice` requires native kernels that cannot be used.
 * `path` is for tests.
 */
export function chooseKernels(choice: KernelChoice, path: string = libraryPath()): ChosenKernels {
  if (choice === "wasm") return {};
  if (!hasLibraries) return choice === "auto" ? {} : { notice: NO_LIBRARIES };
  try {
    if (!existsSync(path)) {
      if (choice === "auto") return {};
      throw new UnfitLibrary(`"${path}" does not exist: build the native kernels`);
    }
    if (!mayUse("ffi", path)) throw new UnfitLibrary(missingPermission("load", path));
    return { library: fittingLibrary(choice, path) };
  } catch (error) {
    if (choice !== "auto" || !(error instanceof UnfitLibrary)) throw error;
    return { notice: error.message };
  }
}

/**
 * Returns `native` if its library still fits. Call it before a thread starts, as the library may be built again, from other
 * sources, while a process runs: the thread then uses WebAssembly.
 */
export function stillFitting(native: NativeLibrary | undefined): NativeLibrary | undefined {
  try {
    if (native) checkSources(native.path, native.sources);
    return native;
  } catch (error) {
    if (!(error instanceof UnfitLibrary)) throw error;
    return undefined;
  }
}

function fittingLibrary(choice: Exclude<KernelChoice, "wasm">, path: string): NativeLibrary {
  const sources = sourcesDigest();
  const { sets, processor } = checkSources(path, sources);
  const usable = sets.filter((set) => processor.includes(set));
  const set = choice === "auto" || choice === "native" ? usable[0] : usable.find((name) => name === choice);
  if (set === undefined) {
    const wanted = choice === "auto" || choice === "native" ? "instruction set" : choice;
    throw new UnfitLibrary(
      `"${path}" has no ${wanted} that this processor has: it has kernels for ${sets.join(" and ")}, ` +
        `the processor has ${processor.join(" and ") || "none of them"}`,
    );
  }
  return { path, set, sources };
}

/** Returns the library's description. Throws an UnfitLibrary unless it was built from these sources. */
function checkSources(path: string, sources: string): LibraryDescription {
  const description = describeLibrary(path);
  if (description.sources !== sources) {
    throw new UnfitLibrary(`"${path}" was built from other sources: build the native kernels again`);
  }
  return description;
}

/** The C type of each type of a parameter or result. */
const TYPES = { usize: "u32", i32: "i32", f32: "f32", f64: "f64", bool: "u32" } as const;

type ForeignType = typeof TYPES[keyof typeof TYPES];

function foreignType(type: string): ForeignType {
  if (Object.hasOwn(TYPES, type)) return TYPES[type as keyof typeof TYPES];
  if (Object.hasOwn(STRUCTS, type)) return "u32";
  throw new TypeError(`No foreign type stands for ${type}`);
}

/** The functions of each library and instruction set that this thread has opened. They stay open. */
const opened = new Map<string, NativeKernels>();

/** Opens the kernels of a library. Throws an UnfitLibrary if it does not fit: nothing of it is called before that is clear. */
export function openLibrary({ path, set, sources }: NativeLibrary): NativeKernels {
  const key = `${set} ${sources} ${path}`;
  let kernels = opened.get(key);
  if (!kernels) {
    const { kernels: names } = checkSources(path, sources);
    const symbols: Record<string, ForeignFunction> = {};
    for (const [name, { parameters, result }] of Object.entries(KERNELS)) {
      if (!names.includes(name)) continue;
      symbols[name] = {
        name: `lockstep_${name}_${set}`,
        parameters: ["buffer", ...Object.values<string>(parameters).map(foreignType)],
        result: result === "void" ? result : foreignType(result),
      };
    }
    kernels = nativeKernels(openForeign(path, symbols).symbols);
    opened.set(key, kernels);
  }
  return kernels;
}

/** Checks that the library has given functions. */
function nativeKernels(symbols: Readonly<Record<string, unknown>>): NativeKernels {
  const isFunctions = (values: Readonly<Record<string, unknown>>): values is NativeKernels =>
    Object.values(values).every((value) => typeof value === "function");
  if (!isFunctions(symbols)) throw new TypeError("A symbol of the native kernels is not a function");
  return symbols;
}
