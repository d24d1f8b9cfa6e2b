/** Chooses the kernels of a command. */
import { inputError } from "../../base/errors.ts";
import type { KernelChoice } from "../../config/kernels.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import { chooseKernels, UnfitLibrary } from "../../engine/simd/native/library.ts";
import { forCommandLine } from "./messages.ts";

/**
 * Returns the native kernels to use, if any, and notes why a library that exists is not used. Call it before the permission to
 * read is dropped. Throws an InputError if the choice requires a library that does not fit.
 */
export function openKernels(kernels: KernelChoice, { note }: { note(line: string): void }): NativeLibrary | undefined {
  try {
    const { library, notice } = chooseKernels(kernels);
    if (notice !== undefined) note(`warning: the kernels are WebAssembly: ${forCommandLine(notice)}`);
    return library;
  } catch (error) {
    if (!(error instanceof UnfitLibrary)) throw error;
    const message = `Cannot use native kernels (--kernels ${kernels}): ${forCommandLine(error.message)}`;
    throw inputError("--kernels", message);
  }
}
