/** Compares every exact kernel with the fast one, bit for bit, on the random calls that native kernels are compared with. */
import { assertEquals } from "@std/assert";
import { bindStructs } from "../../../lib/engine/simd/bindings.gen.ts";
import { bindKernels, compileExact, hasFastKernels, wasmExports } from "../../../lib/engine/simd/kernels.ts";
import { withDraws } from "../../draws.ts";
import { compareRooms } from "../native/compare.ts";
import { Room, STRUCT_AT } from "../native/room.ts";
import { allTwins } from "../native/twins/all.ts";

const PAGES = 160;
/** Calls of each kernel. */
const CALLS = 30;

const newMemory = () => new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });

Deno.test("every exact kernel has the bits of the fast one", {
  ignore: !hasFastKernels(),
}, async () => {
  const [fastMemory, exactMemory] = [newMemory(), newMemory()];
  const fast = bindKernels(fastMemory, STRUCT_AT);
  const exact = bindStructs(wasmExports(exactMemory, compileExact()), exactMemory.buffer, STRUCT_AT);
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
