/** Compares every exact kernel with the fast one, bit for bit, on the random calls that native kernels are compared with. */
import { assertEquals } from "@std/assert";
import { bindStructs, type SimdKernels } from "../../../lib/engine/simd/bindings.gen.ts";
import { bindKernels, compileExact, hasFastKernels, wasmExports } from "../../../lib/engine/simd/kernels.ts";
import { withDraws } from "../../draws.ts";
import { compareRooms } from "../native/compare.ts";
import { critical } from "./critical_sums.ts";
import { Room, STRUCT_AT } from "../native/room.ts";
import { allTwins } from "../native/twins/all.ts";

const PAGES = 160;
/** Calls of each kernel. */
const CALLS = 30;

const newMemory = () => new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });

function bindExact(memory: WebAssembly.Memory, at: number): SimdKernels {
  return bindStructs(wasmExports(memory, compileExact()), memory.buffer, at);
}

Deno.test("every exact kernel has the bits of the fast one", {
  ignore: !hasFastKernels(),
}, async () => {
  const [fastMemory, exactMemory] = [newMemory(), newMemory()];
  const fast = bindKernels(fastMemory, STRUCT_AT);
  const exact = bindExact(exactMemory, STRUCT_AT);
  await withDraws((draw) => {
    for (const [name, twin] of Object.entries(allTwins)) {
      for (let call = 0; call < CALLS; call++) {
        const room = new Room(fastMemory, draw);
        const run = twin(room);
        new Uint8Array(exactMemory.buffer).set(new Uint8Array(fastMemory.buffer, 0, room.end));
        const [expected, found] = [run(fast), run(exact)];
        assertEquals(found, expected, name);
        compareRooms(room, name, fastMemory.buffer, exactMemory.buffer);
      }
    }
    return Promise.resolve();
  });
});

Deno.test("exact products round once where two roundings would differ", { ignore: !hasFastKernels() }, () => {
  const products = [bindKernels, bindExact].map((bind) => {
    const memory = newMemory();
    const kernels = bind(memory, STRUCT_AT);
    const floats = new Float32Array(memory.buffer, 4096);
    return critical.map(([a, b, c]) => {
      // The first of eight steps has the numbers, the others add 0.
      floats.fill(0, 0, 96);
      floats[0] = a;
      floats.fill(b, 16, 24);
      floats.fill(c, 80, 88);
      kernels.stageOperand(0, 4096 + 64, 8, 1);
      const strides = {
        fromStride: 32,
        fromRow: 0,
        index: 0,
        indexStride: 0,
        aStride: 32,
        aRow: 32,
        cStride: 32,
        cRow: 32,
      };
      kernels.gemm({ from: 4096 + 320, a: 4096, operand: 0, inner: 8, c: 4096 + 512, rows: 1, panels: 1, ...strides });
      return [...floats.subarray(128, 136)];
    });
  });
  assertEquals(products[1], products[0]);
});
