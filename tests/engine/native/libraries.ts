/** Finds the native kernels that tests can use on this machine. */
import { existsSync } from "node:fs";
import { errorMessage } from "../../../lib/base/errors.ts";
import {
  chooseKernels,
  describeLibrary,
  type NativeLibrary,
  openLibrary,
} from "../../../lib/engine/simd/native/library.ts";
import { INSTRUCTION_SETS, type InstructionSet, libraryPath } from "../../../lib/engine/simd/native/sources.ts";
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

/** Registers a test for every instruction set of this architecture. One that the processor lacks is skipped with this reason. */
export function testEachSet(name: string, fn: (library: NativeLibrary) => void | Promise<void>): void {
  for (const set of sets) {
    const title = `${name} (${set})`;
    if (nativeAbsence === undefined && !describeLibrary(path).processor.includes(set)) {
      Deno.test({ name: `${title} (skipped: the processor has no ${set})`, ignore: true, fn: () => {} });
      continue;
    }
    const library = nativeAbsence === undefined ? chooseKernels(set).library : undefined;
    // A thread keeps a library open, which a test must not do.
    if (library) openLibrary(library);
    optionalTest(nativeAbsence, { name: title, fn: () => fn(library!) });
  }
}
