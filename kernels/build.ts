/**
 * Compiles the AssemblyScript of `assembly/` to `lockstep.wasm`, and the text of `products.ts` to `products.wasm`; both are
 * committed. With `--check` it writes nothing and fails if a committed file is not what the sources give.
 */
import asc from "assemblyscript/asc";
import binaryen from "assemblyscript/binaryen";
import { productsSource } from "./products.ts";

const here = new URL(".", import.meta.url);

/**
 * Nothing is allocated and there is no static data, so instances may share a memory without meeting in it. Binaryen's
 * optimizer stays off: it sinks each multiply-add to its last use, which spills the register tiles and halves their
 * speed; V8's own optimizer does what is needed.
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

async function keepUp(name: string, built: Uint8Array): Promise<void> {
  const output = new URL(name, here);
  if (!Deno.args.includes("--check")) return await Deno.writeFile(output, built);
  const committed = await Deno.readFile(output);
  const same = committed.length === built.length && committed.every((byte, index) => byte === built[index]);
  if (!same) throw new Error(`kernels/${name} is not what its sources give: run \`deno task kernels\``);
}

if (import.meta.main) {
  await keepUp("lockstep.wasm", await compileAssembly());
  await keepUp("products.wasm", compileProducts());
}
