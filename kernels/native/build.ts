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
import { INSTRUCTION_SETS, type InstructionSet } from "../../lib/config/kernels.ts";
import { KERNELS } from "../../lib/engine/simd/bindings.gen.ts";
import {
  LIBRARY_ABI,
  libraryPath,
  nativeSources,
  sourcePath,
  sourcesDigest,
} from "../../lib/engine/simd/native/sources.ts";

/** Keeps the bits: a multiplication and an addition are fused only where the source says so, and no sum is reordered. */
const EXACT = ["-ffp-contract=off", "-fno-math-errno"];
const COMMON = ["-std=c11", "-O3", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", ...EXACT];
const DECLARED = ["-Werror=missing-prototypes", "-Werror=implicit-function-declaration"];

const FLAGS: Readonly<Record<InstructionSet, readonly string[]>> = {
  avx512: ["-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mavx2", "-mfma"],
  avx2: ["-mavx2", "-mfma"],
  neon: [],
};

/** Compiled once, and not for each instruction set. */
const LIBRARY = "library.c";

/** Matches the definition of a kernel in a source. */
const DEFINITION = /^\w+ KERNEL\((\w+)\)/gm;

/** Says why no library can be built. */
class BuildError extends Error {}

function isArchitecture(arch: string): arch is keyof typeof INSTRUCTION_SETS {
  return Object.hasOwn(INSTRUCTION_SETS, arch);
}

/** Returns the compiler for `arch` on this machine. */
function compilerFor(arch: string): string {
  return Deno.env.get("CC") ?? (arch === Deno.build.arch ? "cc" : `${arch}-linux-gnu-gcc`);
}

/** Returns the kernels that the sources define, in the order of KERNELS. Throws a BuildError for an unknown name. */
async function definedKernels(sources: readonly string[]): Promise<string[]> {
  const defined = new Set<string>();
  for (const source of sources) {
    for (const [, name] of (await Deno.readTextFile(sourcePath(source))).matchAll(DEFINITION)) {
      if (!Object.hasOwn(KERNELS, name!)) throw new BuildError(`${source} defines ${name}, which is not a kernel`);
      if (defined.has(name!)) throw new BuildError(`${source} defines ${name}, which another source defines too`);
      defined.add(name!);
    }
  }
  return Object.keys(KERNELS).filter((name) => defined.has(name));
}

/** Runs the compiler. Throws a BuildError, with its messages, if it is missing or fails. */
async function run(compiler: string, args: string[]): Promise<void> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(compiler, { args, stdin: "null" }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new BuildError(
      `Cannot find the C compiler "${compiler}": install gcc or clang, or name another one in the variable CC. ` +
        "Lockstep works without it, on its WebAssembly kernels",
    );
  }
  const text = new TextDecoder().decode(output.stdout) + new TextDecoder().decode(output.stderr);
  if (!output.success) throw new BuildError(`${compiler} ${args.join(" ")} failed:\n${text}`);
  if (text !== "") console.error(text.trimEnd());
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
  const sources = nativeSources().filter((name) => name.endsWith(".c") && name !== LIBRARY);
  const kernels = await definedKernels(sources);
  const compile = async (source: string, name: string, flags: readonly string[]) => {
    const object = join(objects, `${name}.o`);
    await run(compiler, [...COMMON, ...flags, `-I${sourcePath("")}`, "-c", sourcePath(source), "-o", object]);
    return object;
  };
  const described = [
    `-DLOCKSTEP_ABI=${LIBRARY_ABI}`,
    `-DLOCKSTEP_SOURCES="${sourcesDigest()}"`,
    `-DLOCKSTEP_SETS=${JSON.stringify(JSON.stringify(sets))}`,
    `-DLOCKSTEP_KERNELS=${JSON.stringify(JSON.stringify(kernels))}`,
  ];
  const compilations = await Promise.allSettled([
    compile(LIBRARY, LIBRARY, described),
    ...sets.flatMap((set) =>
      sources.map((source) =>
        compile(source, `${source.replaceAll("/", "-")}.${set}`, [...DECLARED, ...FLAGS[set], `-DLOCKSTEP_SET=${set}`])
      )
    ),
  ]);
  const compiled = compilations.map((compilation) => {
    if (compilation.status === "rejected") throw compilation.reason;
    return compilation.value;
  });
  const path = libraryPath(os, arch), linked = join(objects, basename(path));
  await run(compiler, ["-shared", ...compiled, "-o", linked]);
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
