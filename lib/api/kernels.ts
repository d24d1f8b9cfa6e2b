/** Chooses the kernels of a training or a model. */
import { inputError } from "../base/errors.ts";
import type { KernelChoice } from "../config/kernels.ts";
import type { NativeLibrary } from "../engine/contract.ts";
import { chooseKernels, UnfitLibrary } from "../engine/simd/native/library.ts";

/** Returns the native kernels to use, if any. Throws an InputError if the choice requires a library that does not fit. */
export function nativeKernels(choice: KernelChoice): NativeLibrary | undefined {
  try {
    return chooseKernels(choice).library;
  } catch (error) {
    if (!(error instanceof UnfitLibrary)) throw error;
    throw inputError("kernels", `Cannot use native kernels (kernels: ${choice}): ${error.message}`);
  }
}
