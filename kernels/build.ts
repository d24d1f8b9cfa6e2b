/**
 * Compiles the AssemblyScript of `assembly/` to `lockstep.wasm`, and the text of `products.ts` to `products.wasm`, and
 * writes the TypeScript that calls them and the C header of their native twins; all of these are committed. With `--check`
 * it writes nothing and fails if a committed file is not what the sources give.
 *
 * From the same sources it compiles `exact.wasm`, for engines without structs or without fused multiply-adds, with the same
 * bits; and modules that only predict, in a memory of one thread: `forward.wasm` with `forward_products.wasm`, and
 * `forward_exact.wasm`.
 */
import asc from "assemblyscript/asc";
import binaryen from "assemblyscript/binaryen";
import { bindingsSource, nativeBindingsSource } from "./bindings.ts";
import { describeKernels, type KernelDescription } from "./describe.ts";
import { headerSource } from "./header.ts";
import { productsSource } from "./products.ts";

const here = new URL(".", import.meta.url);

/**
 * Options of the compiler. Kernels neither allocate nor have static data, so instances can share a memory. Binaryen's
 * optimizer is off: it sinks each multiply-add to its last use, which spills the register tiles and halves their
 * speed; V8's own optimizer suffices.
 */
const OPTIONS = ["-O0", "--noAssert", "--runtime", "stub", "--stackSize", "0", "--noExportMemory"];
const MEMORY = ["--importMemory", "--initialMemory", "1", "--maximumMemory", "65536"];

interface AssemblyModule {
  /** The source that lists the exports. */
  readonly entry: string;
  readonly features: readonly string[];
  /** Returns the text of a source. */
  readonly read: (name: string) => string;
}

const readSource = (name: string) => Deno.readTextFileSync(new URL(`assembly/${name}`, here));

/** Returns the names that the source `name` exports from others. */
function namesIn(name: string): ReadonlySet<string> {
  const lists = readSource(name).matchAll(/^export \{ (.*?) \}/gm);
  return new Set(lists.flatMap(([, list]) => list!.split(", ")));
}

const LOCKSTEP = { entry: "index.ts", features: ["simd", "relaxed-simd", "threads"], read: readSource };
const FORWARD = { entry: "forward.ts", features: ["simd", "relaxed-simd"], read: readSource };
const EXACT = { entry: "index.ts", features: ["simd", "threads"], read: readExact };
const FORWARD_EXACT = { entry: "forward.ts", features: ["simd"], read: readExact };

/** The relaxed instructions, and the functions in exact/fused.ts that have their results. */
const RELAXED = {
  "f32x4.relaxed_madd": "madd",
  "f32x4.relaxed_nmadd": "nmadd",
  "i32x4.relaxed_trunc_f32x4_s": "truncated",
};

/** Matches the declarations of the inner loops of products, which exact/products.ts has as functions. */
const INNER_LOOP =
  /^\/\/ .*\n@external\("products", "(stageBlock|panelRows\d|transposedRows\d)"\)\nexport declare function [^;]*;/gm;

/** Reads a source for the exact modules: with those functions, and with plain inner loops of products. */
function readExact(name: string): string {
  if (name.startsWith("exact/")) return readSource(name);
  if (name === "matrices/products.ts") {
    const names = [...readSource(name).matchAll(INNER_LOOP)].map(([, name]) => name);
    return `${readSource(name).replaceAll(INNER_LOOP, "")}export { ${names} } from "../exact/products";\n`;
  }
  const text = Object.entries(RELAXED).reduce(
    (text, [instruction, function_]) => text.replaceAll(`${instruction}(`, `${function_}(`),
    readSource(name),
  );
  const folder = "../".repeat(name.split("/").length - 1) || "./";
  return `import { ${Object.values(RELAXED).join(", ")} } from "${folder}exact/fused";\n${text}`;
}

async function compileAssembly({ entry, features, read }: AssemblyModule): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const messages: string[] = [];
  const write = (text: string) => {
    messages.push(text);
    return true;
  };
  const enabled = features.flatMap((feature) => ["--enable", feature]);
  const shared = features.includes("threads") ? ["--sharedMemory"] : [];
  const options = [entry, "--outFile", "out.wasm", ...OPTIONS, ...enabled, ...MEMORY, ...shared];
  const { error } = await asc.main(options, {
    readFile: (name: string) => {
      try {
        return read(name);
      } catch {
        return null;
      }
    },
    writeFile: (_name: string, contents: Uint8Array | string) => {
      if (typeof contents !== "string") binary = contents;
    },
    listFiles: () => null,
    stdout: { write },
    stderr: { write },
  });
  if (error || !binary) throw new Error(`Cannot compile the kernels:\n${messages.join("")}`, { cause: error });
  return binary;
}

function compileProducts(forward: boolean): Uint8Array {
  const module = binaryen.parseText(productsSource({ forward }));
  module.setFeatures(binaryen.Features.All);
  if (!module.validate()) throw new Error("The text of products.ts is not a valid module");
  return module.emitBinary();
}

/** Throws unless the compiled kernels have the types that were read off their sources. */
function checkTypes({ functions }: KernelDescription, binary: Uint8Array): void {
  const module = binaryen.readBinary(binary);
  const types = new Map<number, string>([[binaryen.i32, "i32"], [binaryen.f32, "f32"], [binaryen.f64, "f64"]]);
  const passed = (type: string) => type === "f32" || type === "f64" || type === "void" ? type : "i32";
  for (const { name, parameters, result } of functions) {
    const info = binaryen.getFunctionInfo(module.getFunction(binaryen.getExportInfo(module.getExport(name)).value));
    const compiled = binaryen.expandType(info.params).map((type) => types.get(type));
    const described = parameters.map(({ type }) => passed(type));
    const returned = types.get(info.results) ?? "void";
    if (compiled.join() !== described.join() || returned !== passed(result)) {
      throw new Error(
        `${name} is compiled as (${compiled}) → ${returned}, but read as (${described}) → ${passed(result)}`,
      );
    }
  }
}

/**
 * Passes of Binaryen that make a module smaller and sink nothing: what the compiler leaves behind, and locals that could
 * share a place.
 */
const SHRINKING = ["dce", "remove-unused-brs", "coalesce-locals", "reorder-locals", "vacuum"];

function shrunk(binary: Uint8Array): Uint8Array {
  const module = binaryen.readBinary(binary);
  module.setFeatures(binaryen.Features.All);
  module.runPasses(SHRINKING);
  return module.emitBinary();
}

async function keepUp(name: string, built: Uint8Array): Promise<void> {
  const output = new URL(name, here);
  if (!Deno.args.includes("--check")) return await Deno.writeFile(output, built);
  const committed = await Deno.readFile(output);
  const same = committed.length === built.length && committed.every((byte, index) => byte === built[index]);
  if (!same) throw new Error(`${output.pathname} is not what its sources give: run \`deno task kernels\``);
}

if (import.meta.main) {
  const description = describeKernels(readSource);
  const binary = await compileAssembly(LOCKSTEP);
  checkTypes(description, binary);
  const keepUpText = (name: string, text: string) => keepUp(name, new TextEncoder().encode(text));
  await keepUp("lockstep.wasm", binary);
  await keepUp("products.wasm", compileProducts(false));
  await keepUp("forward.wasm", shrunk(await compileAssembly(FORWARD)));
  await keepUp("forward_products.wasm", compileProducts(true));
  await keepUp("forward_exact.wasm", shrunk(await compileAssembly(FORWARD_EXACT)));
  const exact = shrunk(await compileAssembly(EXACT));
  checkTypes(description, exact);
  await keepUp("exact.wasm", exact);
  await keepUpText("../lib/engine/simd/bindings.gen.ts", bindingsSource(description, namesIn(FORWARD.entry)));
  await keepUpText("../lib/engine/simd/native/bindings.gen.ts", nativeBindingsSource(description));
  await keepUpText("native/kernels.gen.h", headerSource(description));
}
