import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "node:path";
import { chooseKernels, UnfitLibrary } from "../../../lib/engine/simd/native/library.ts";
import { libraryPath, sourcePath, sourcesDigest } from "../../../lib/engine/simd/native/sources.ts";
import { withFolder } from "../../cli/process.ts";
import { optionalTest, programAbsence } from "../../optional.ts";
import { nativeAbsence, usableLibraries } from "./libraries.ts";

/** Checks that `auto` does not use the library at `path`, and that `native` refuses it with the same reason. */
function assertUnfit(path: string, reason: RegExp): void {
  const error = assertThrows(() => chooseKernels("native", path), UnfitLibrary);
  assertMatch(error.message, reason);
  assertEquals(chooseKernels("auto", path), { notice: error.message });
}

Deno.test("chooseKernels() uses WebAssembly silently if no library was built, and refuses native ones", () =>
  withFolder((folder) => {
    const path = join(folder, "missing.so");
    assertEquals(chooseKernels("auto", path), {});
    assertEquals(chooseKernels("wasm", path), {});
    assertThrows(
      () => chooseKernels("native", path),
      UnfitLibrary,
      `"${path}" does not exist: build the native kernels`,
    );
    assertThrows(() => chooseKernels("avx2", path), UnfitLibrary, "does not exist");
    return Promise.resolve();
  }));

Deno.test("chooseKernels() refuses a file that is no library", () =>
  withFolder(async (folder) => {
    const path = join(folder, "text.so");
    await Deno.writeTextFile(path, "no library");
    assertUnfit(path, /^".*text\.so" cannot be opened: /);
  }));

optionalTest(programAbsence("cc", ["--version"]), {
  name: "chooseKernels() refuses a library of another version, or of other sources, and calls no kernel",
  fn: () =>
    withFolder(async (folder) => {
      const build = async (name: string, abi: number, sources: string) => {
        const path = join(folder, name);
        const strings = { SOURCES: `"${sources}"`, SETS: '"[]"', KERNELS: '"[]"' };
        const defines = Object.entries(strings).map(([key, value]) => `-DLOCKSTEP_${key}=${value}`);
        const args = ["-shared", "-fPIC", `-DLOCKSTEP_ABI=${abi}`, ...defines, sourcePath("library.c"), "-o", path];
        const { success, stderr } = await new Deno.Command("cc", { args }).output();
        assert(success, new TextDecoder().decode(stderr));
        return path;
      };
      assertUnfit(await build("abi.so", 999, sourcesDigest()), /has version 999, expected 1: build the native kernels/);
      assertUnfit(await build("old.so", 1, "0".repeat(64)), /was built from other sources: build the native kernels/);
      assertUnfit(await build("empty.so", 1, sourcesDigest()), /has no instruction set that this processor has/);
    }),
});

optionalTest(nativeAbsence, {
  name: "chooseKernels() uses the best instruction set of the processor, or the one that is named",
  fn() {
    const [best] = usableLibraries;
    for (const choice of ["auto", "native"] as const) assertEquals(chooseKernels(choice), { library: best! });
    for (const library of usableLibraries) assertEquals(chooseKernels(library.set), { library });
    const foreign = Deno.build.arch === "aarch64" ? "avx2" : "neon";
    assertThrows(() => chooseKernels(foreign), UnfitLibrary, `"${libraryPath()}" has no ${foreign}`);
  },
});
