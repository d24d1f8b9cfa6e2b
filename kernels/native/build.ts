// deno-lint-ignore-file no-console -- a script for people
/**
 * Compiles the kernels in C to one shared library, `build/<os>-<arch>.so` (`.dylib` on macOS), with the system's compiler:
 * each source once per instruction set of the architecture. The library says by itself what it contains (`library.c`).
 *
 * `--arch aarch64` builds for another architecture, with the cross compiler `aarch64-linux-gnu-gcc`. `CC` names another
 * compiler.
 */
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { INSTRUCTION_SETS } from "../../lib/config/kernels.ts";
import { LIBRARY_ABI, libraryPath, sourcesDigest } from "../../lib/engine/simd/native/sources.ts";
import {
  allCompiled,
  BuildError,
  compilerFor,
  compileSet,
  compileSource,
  definedKernels,
  LIBRARY,
  runCompiler,
} from "./compile.ts";

function isArchitecture(arch: string): arch is keyof typeof INSTRUCTION_SETS {
  return Object.hasOwn(INSTRUCTION_SETS, arch);
}

/** Builds the library for `arch` and returns what it contains. */
async function buildLibrary(arch: string, objects: string): Promise<{ path: string; sets: string; kernels: string[] }> {
  const os = arch === Deno.build.arch ? Deno.build.os : "linux";
  if (os === "windows") {
    throw new BuildError("Native kernels exist for Linux and macOS: Lockstep uses WebAssembly here");
  }
  if (!isArchitecture(arch)) {
    throw new BuildError(
      `Native kernels exist for ${Object.keys(INSTRUCTION_SETS).join(" and ")}, and not for ${arch}: ` +
        "Lockstep uses WebAssembly here",
    );
  }
  const compiler = compilerFor(arch), sets = INSTRUCTION_SETS[arch];
  const kernels = await definedKernels();
  const described = [
    `-DLOCKSTEP_ABI=${LIBRARY_ABI}`,
    `-DLOCKSTEP_SOURCES="${sourcesDigest()}"`,
    `-DLOCKSTEP_SETS=${JSON.stringify(JSON.stringify(sets))}`,
    `-DLOCKSTEP_KERNELS=${JSON.stringify(JSON.stringify(kernels))}`,
  ];
  const compiled = await allCompiled([
    compileSource(compiler, LIBRARY, LIBRARY, described, objects),
    ...sets.flatMap((set) => compileSet(compiler, set, objects)),
  ]);
  const path = libraryPath(os, arch), linked = join(objects, basename(path));
  await runCompiler(compiler, ["-shared", ...compiled, "-o", linked]);
  // A process that has the library open keeps the old file.
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${Deno.pid}`;
  await Deno.copyFile(linked, beside);
  await rename(beside, path);
  return { path, sets: sets.join(" and "), kernels };
}

if (import.meta.main) {
  const { arch } = parseArgs({ options: { arch: { type: "string", default: Deno.build.arch } } }).values;
  const begun = performance.now();
  const objects = await mkdtemp(join(tmpdir(), "lockstep-native-"));
  try {
    const { path, sets, kernels } = await buildLibrary(arch, objects);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    console.log(`Built ${relative(Deno.cwd(), path)} with ${compilerFor(arch)} for ${sets} in ${seconds} s`);
    console.log(`It has ${kernels.length} kernels: ${kernels.join(", ")}`);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    Deno.exitCode = 1;
  } finally {
    await rm(objects, { recursive: true });
  }
}
