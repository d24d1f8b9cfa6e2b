/**
 * Compiles the AssemblyScript of `assembly/` to `lockstep.wasm`, and the text of `products.ts` to `products.wasm`, and
 * writes the TypeScript that calls them and the C header of their native twins; all of these are committed. With `--check` it writes nothing and fails if a
 * committed file is not what the sources give.
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
const FEATURES = ["simd", "relaxed-simd", "threads"].flatMap((feature) => ["--enable", feature]);
const MEMORY = ["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"];

async function compileAssembly(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const messages: string[] = [];
  const write = (text: string) => {
    messages.push(text);
    return true;
  };
  const { error } = await asc.main(["index.ts", "--outFile", "out.wasm", ...OPTIONS, ...FEATURES, ...MEMORY], {
    readFile: (name: string) => {
      try {
        return Deno.readTextFileSync(new URL(`assembly/${name}`, here));
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

function compileProducts(): Uint8Array {
  const module = binaryen.parseText(productsSource());
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

async function keepUp(name: string, built: Uint8Array): Promise<void> {
  const output = new URL(name, here);
  if (!Deno.args.includes("--check")) return await Deno.writeFile(output, built);
  const committed = await Deno.readFile(output);
  const same = committed.length === built.length && committed.every((byte, index) => byte === built[index]);
  if (!same) throw new Error(`${output.pathname} is not what its sources give: run \`deno task kernels\``);
}

if (import.meta.main) {
  const description = describeKernels((name) => Deno.readTextFileSync(new URL(`assembly/${name}`, here)));
  const binary = await compileAssembly();
  checkTypes(description, binary);
  const keepUpText = (name: string, text: string) => keepUp(name, new TextEncoder().encode(text));
  await keepUp("lockstep.wasm", binary);
  await keepUp("products.wasm", compileProducts());
  await keepUpText("../lib/engine/simd/bindings.gen.ts", bindingsSource(description));
  await keepUpText("../lib/engine/simd/native/bindings.gen.ts", nativeBindingsSource(description));
  await keepUpText("native/kernels.gen.h", headerSource(description));
}
