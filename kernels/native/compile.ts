// deno-lint-ignore-file no-console -- shows the warnings of a compiler
/** Compiles the kernels in C with the system's compiler, for one instruction set at a time. */
import { join } from "node:path";
import type { InstructionSet } from "../../lib/config/kernels.ts";
import { KERNELS } from "../../lib/engine/simd/bindings.gen.ts";
import { nativeSources, sourcePath } from "../../lib/engine/simd/native/sources.ts";

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
export const LIBRARY = "library.c";

/** Matches the definition of a kernel in a source. */
const DEFINITION = /^\w+ KERNEL\((\w+)\)/gm;

/** Says why no library can be built. */
export class BuildError extends Error {}

/** Returns the compiler for `arch` on this machine. */
export function compilerFor(arch: string): string {
  return Deno.env.get("CC") ?? (arch === Deno.build.arch ? "cc" : `${arch}-linux-gnu-gcc`);
}

/** Lists the sources of kernels. */
function kernelSources(): string[] {
  return nativeSources().filter((name) => name.endsWith(".c") && name !== LIBRARY);
}

/** Returns the kernels that the sources define, in the order of KERNELS. Throws a BuildError for an unknown name. */
export async function definedKernels(): Promise<string[]> {
  const defined = new Set<string>();
  for (const source of kernelSources()) {
    for (const [, name] of (await Deno.readTextFile(sourcePath(source))).matchAll(DEFINITION)) {
      if (!Object.hasOwn(KERNELS, name!)) throw new BuildError(`${source} defines ${name}, which is not a kernel`);
      if (defined.has(name!)) throw new BuildError(`${source} defines ${name}, which another source defines too`);
      defined.add(name!);
    }
  }
  return Object.keys(KERNELS).filter((name) => defined.has(name));
}

/** Runs the compiler. Throws a BuildError, with its messages, if it is missing or fails. */
export async function runCompiler(compiler: string, args: string[]): Promise<void> {
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

/** Compiles a source to an object in `folder` and returns its path. */
export async function compileSource(
  compiler: string,
  source: string,
  name: string,
  flags: readonly string[],
  folder: string,
): Promise<string> {
  const object = join(folder, `${name}.o`);
  await runCompiler(compiler, [...COMMON, ...flags, `-I${sourcePath("")}`, "-c", sourcePath(source), "-o", object]);
  return object;
}

/** Compiles all kernels for an instruction set, at the same time. */
export function compileSet(compiler: string, set: InstructionSet, folder: string): Promise<string>[] {
  const flags = [...DECLARED, ...FLAGS[set], `-DLOCKSTEP_SET=${set}`];
  return kernelSources().map((source) =>
    compileSource(compiler, source, `${source.replaceAll("/", "-")}.${set}`, flags, folder)
  );
}

/** Waits for all compilations, so that none writes later, and returns their objects. Throws the first error. */
export async function allCompiled(compilations: readonly Promise<string>[]): Promise<string[]> {
  const settled = await Promise.allSettled(compilations);
  return settled.map((compilation) => {
    if (compilation.status === "rejected") throw compilation.reason;
    return compilation.value;
  });
}
