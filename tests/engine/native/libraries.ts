/** Finds the native kernels that tests can use on this machine. */
import { existsSync } from "node:fs";
import { errorMessage } from "../../../lib/base/errors.ts";
import { chooseKernels, describeLibrary, openLibrary } from "../../../lib/engine/simd/native/library.ts";
import { INSTRUCTION_SETS, type InstructionSet } from "../../../lib/config/kernels.ts";
import type { NativeLibrary } from "../../../lib/engine/contract.ts";
import { libraryPath } from "../../../lib/engine/simd/native/sources.ts";
import { optionalTest } from "../../optional.ts";

const path = libraryPath();

/** Says why no library fits, or is undefined if one does. */
export const nativeAbsence: string | undefined = (() => {
  if (!existsSync(path)) return "there is no library of native kernels: run deno task native";
  try {
    chooseKernels("native");
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
})();

/** The instruction sets that this architecture may have. */
export const sets: readonly InstructionSet[] = Deno.build.arch in INSTRUCTION_SETS
  ? INSTRUCTION_SETS[Deno.build.arch]
  : [];

/** The native kernels of each set that the processor has, the best first. They are open: a test must not open a library. */
export const usableLibraries: readonly NativeLibrary[] = nativeAbsence === undefined
  ? sets.filter((set) => describeLibrary(path).processor.includes(set)).map((set) => {
    const library = chooseKernels(set).library!;
    openLibrary(library);
    return library;
  })
  : [];

/** Registers a test for every instruction set of this architecture. One that the processor lacks is skipped with this reason. */
export function testEachSet(name: string, fn: (library: NativeLibrary) => void | Promise<void>): void {
  for (const set of sets) {
    const title = `${name} (${set})`;
    const library = usableLibraries.find((usable) => usable.set === set);
    if (nativeAbsence === undefined && !library) {
      Deno.test({ name: `${title} (skipped: the processor has no ${set})`, ignore: true, fn: () => {} });
    } else {
      optionalTest(nativeAbsence, { name: title, fn: () => fn(library!) });
    }
  }
}
