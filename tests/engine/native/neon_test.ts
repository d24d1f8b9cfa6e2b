/**
 * Compares the kernels for NEON with their WebAssembly twins, bit for bit, on any processor: a program with these kernels
 * runs under QEMU, reads calls from a file and writes the memory after each. The kernels are compiled as for the library.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { allCompiled, compileSet, definedKernels, runCompiler } from "../../../kernels/native/compile.ts";
import { KERNELS } from "../../../lib/engine/simd/bindings.gen.ts";
import { bindKernels, wasmExports } from "../../../lib/engine/simd/kernels.ts";
import { bindNative } from "../../../lib/engine/simd/native/bind.ts";
import { sourcePath } from "../../../lib/engine/simd/native/sources.ts";
import { withFolder } from "../../cli/process.ts";
import { withDraws } from "../../draws.ts";
import { optionalTest, programAbsence } from "../../optional.ts";
import { compareRooms } from "./compare.ts";
import { Room, STRUCT_AT } from "./room.ts";
import type { KernelName, Twin } from "./twin.ts";
import { allTwins } from "./twins/all.ts";

const COMPILER = "aarch64-linux-gnu-gcc";
const EMULATOR = "qemu-aarch64-static";

/** Calls of each kernel. */
const CALLS = 12;
const PAGES = 160;
/** Arguments of a call in the file, each of eight bytes. */
const MOST_ARGUMENTS = 12;

const newMemory = () => new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });

/** Returns the C text of a program that makes the calls in its first argument, and writes results to its second. */
function driverSource(kernels: readonly KernelName[]): string {
  const cases = kernels.map((name, index) => {
    const { parameters, result } = KERNELS[name];
    const list = Object.values<string>(parameters).map((type, position) => {
      const value = `argument[${position}]`;
      return type === "f32"
        ? `(float)${value}`
        : type === "f64"
        ? value
        : type === "i32"
        ? `(int32_t)${value}`
        : `(uint32_t)${value}`;
    });
    const call = `KERNEL(${name})(${["memory", ...list].join(", ")})`;
    return `      case ${index}: ${result === "void" ? "" : "result = "}${call}; break;`;
  });
  return `#include <stdio.h>
#include <stdlib.h>
#include "kernels.gen.h"
int main(int count, char **names) {
  FILE *in = count == 3 ? fopen(names[1], "rb") : NULL, *out = in ? fopen(names[2], "wb") : NULL;
  uint8_t *memory = calloc(${PAGES}, 65536);
  double head[2], argument[${MOST_ARGUMENTS}];
  if (!out || !memory) return 1;
  while (fread(head, sizeof head, 1, in) == 1) {
    const size_t bytes = (size_t)head[1];
    double result = 0;
    if (fread(argument, sizeof argument, 1, in) != 1 || fread(memory, 1, bytes, in) != bytes) return 2;
    switch ((int)head[0]) {
${cases.join("\n")}
      default: return 3;
    }
    if (fwrite(&result, sizeof result, 1, out) != 1 || fwrite(memory, 1, bytes, out) != bytes) return 4;
  }
  return fclose(out) == 0 ? 0 : 5;
}
`;
}

/** A call, as the file has it, and what the WebAssembly kernel made of it. */
interface RecordedCall {
  readonly name: KernelName;
  readonly room: Room;
  readonly written: Uint8Array;
  readonly result: number;
  readonly after: Uint8Array<ArrayBuffer>;
}

/** Draws calls of `kernels`, and makes them with WebAssembly. */
function recordCalls(kernels: readonly KernelName[], draw: (below: number) => number): RecordedCall[] {
  const [wasmMemory, memory] = [newMemory(), newMemory()];
  const wasm = bindKernels(wasmMemory, STRUCT_AT);
  let written = new Uint8Array();
  let end = 0;
  // In place of a native kernel: writes down its call.
  const recording = Object.fromEntries(kernels.map((name, index) => [name, (_: Uint8Array, ...numbers: number[]) => {
    const head = new Float64Array(2 + MOST_ARGUMENTS);
    head.set([index, end, ...numbers]);
    written = new Uint8Array(head.byteLength + end);
    written.set(new Uint8Array(head.buffer));
    written.set(new Uint8Array(memory.buffer, 0, end), head.byteLength);
    return 0;
  }]));
  const recorder = bindNative(recording, wasmExports(memory), memory, STRUCT_AT);
  return (Object.entries(allTwins) as [KernelName, Twin][]).filter(([name]) => kernels.includes(name)).flatMap(
    ([name, twin]) =>
      Array.from({ length: CALLS }, (): RecordedCall => {
        const room = new Room(wasmMemory, draw);
        const run = twin(room);
        end = room.end;
        new Uint8Array(memory.buffer).set(new Uint8Array(wasmMemory.buffer, 0, end));
        run(recorder);
        const result = run(wasm) ?? 0;
        return { name, room, written, result, after: new Uint8Array(wasmMemory.buffer, 0, end).slice() };
      }),
  );
}

optionalTest(programAbsence(COMPILER, ["--version"]) ?? programAbsence(EMULATOR, ["--version"]), {
  name: "every kernel for NEON has the bits of its WebAssembly twin",
  fn: () =>
    withFolder(async (folder) => {
      const kernels = await definedKernels() as KernelName[];
      const [source, program] = [join(folder, "driver.c"), join(folder, "driver")];
      await Deno.writeTextFile(source, driverSource(kernels));
      const objects = await allCompiled(compileSet(COMPILER, "neon", folder));
      const flags = ["-static", "-std=c11", "-DLOCKSTEP_SET=neon", `-I${sourcePath("")}`];
      await runCompiler(COMPILER, [...flags, source, ...objects, "-o", program]);
      await withDraws(async (draw) => {
        const calls = recordCalls(kernels, draw);
        assertEquals(calls.length, CALLS * kernels.length);
        const [input, output] = [join(folder, "in"), join(folder, "out")];
        await Deno.writeFile(input, new Blob(calls.map(({ written }) => written.slice())).stream());
        const { code, stderr } = await new Deno.Command(EMULATOR, { args: [program, input, output] }).output();
        assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
        const found = await Deno.readFile(output);
        let at = 0;
        for (const { name, room, result, after } of calls) {
          assertEquals(new Float64Array(found.slice(at, at + 8).buffer)[0], result, name);
          compareRooms(room, name, after.buffer, found.slice(at + 8, at + 8 + after.length).buffer);
          at += 8 + after.length;
        }
        assert(at === found.length);
      });
    }),
});
