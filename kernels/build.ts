/**
 * Compiles the AssemblyScript of `assembly/` to `lockstep.wasm`, which is committed. With `--check` it writes nothing
 * and fails if the committed file is not what the sources give.
 */
import asc from "assemblyscript/asc";
import { tilesSource } from "./tiles.ts";

const here = new URL(".", import.meta.url);
const output = new URL("lockstep.wasm", here);

/**
 * Nothing is allocated and there is no static data, so instances may share a memory without meeting in it. Binaryen's
 * optimizer stays off: it sinks each multiply-add to its last use, which spills the register tiles and halves their
 * speed; V8's own optimizer does what is needed.
 */
const OPTIONS = ["-O0", "--noAssert", "--runtime", "stub", "--stackSize", "0", "--noExportMemory"];
const FEATURES = ["simd", "relaxed-simd", "threads"].flatMap((feature) => ["--enable", feature]);
const MEMORY = ["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"];

async function compile(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const messages: string[] = [];
  const write = (text: string) => {
    messages.push(text);
    return true;
  };
  const { error } = await asc.main(["index.ts", "--outFile", "out.wasm", ...OPTIONS, ...FEATURES, ...MEMORY], {
    readFile: (name: string) => {
      if (name === "tiles.ts") return tilesSource();
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

if (import.meta.main) {
  const built = await compile();
  if (Deno.args.includes("--check")) {
    const committed = await Deno.readFile(output);
    const same = committed.length === built.length && committed.every((byte, index) => byte === built[index]);
    if (!same) throw new Error("kernels/lockstep.wasm is not what its sources give: run `deno task kernels`");
  } else {
    await Deno.writeFile(output, built);
  }
}
