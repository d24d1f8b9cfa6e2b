/**
 * Compares every native kernel with its WebAssembly twin, bit for bit, on random calls.
 *
 * To add a kernel, write it in C: `kernels/native/kernels.gen.h` declares it, and `deno task native` finds it. The function of
 * its name in `twins/` draws its calls, and the function of its name in `lib/engine/simd/native/checks/` checks their
 * arguments; tests below fail if one is missing. `deno task native && deno test -A tests/engine/native` compares it. A failing
 * test prints the seed that repeats its draws.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { KERNELS, type SimdKernels, STRUCTS } from "../../../lib/engine/simd/bindings.gen.ts";
import { bindKernels, wasmExports } from "../../../lib/engine/simd/kernels.ts";
import { bindNative } from "../../../lib/engine/simd/native/bind.ts";
import { describeLibrary } from "../../../lib/engine/simd/native/library.ts";
import { withDraws } from "../../draws.ts";
import { compareRooms } from "./compare.ts";
import { testEachSet } from "./libraries.ts";
import { Room, STRUCT_AT } from "./room.ts";
import type { KernelName, Twin } from "./twin.ts";
import { allTwins } from "./twins/all.ts";

const PAGES = 160;
/** Calls of each kernel. */
const CALLS = 60;

const newMemory = () => new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
const wasmMemory = newMemory(), nativeMemory = newMemory();
const wasm = bindKernels(wasmMemory, STRUCT_AT);
const twins = Object.entries(allTwins) as [KernelName, Twin][];

/** Copies the used part of the WebAssembly kernels' memory to the other. */
function copyRoom(room: Room): void {
  new Uint8Array(nativeMemory.buffer).set(new Uint8Array(wasmMemory.buffer, 0, room.end));
}

testEachSet("every native kernel has the bits of its WebAssembly twin", async (library) => {
  const native = bindKernels(nativeMemory, STRUCT_AT, library);
  const { kernels } = describeLibrary(library.path);
  assertEquals(kernels.filter((name) => !(name in allTwins) && name !== "peak"), [], "kernels without calls in twins/");
  await withDraws((draw) => {
    for (const [name, twin] of twins) {
      if (!kernels.includes(name)) continue;
      for (let call = 0; call < CALLS; call++) {
        const room = new Room(wasmMemory, draw);
        const run = twin(room);
        copyRoom(room);
        const [expected, found] = [run(wasm), run(native)];
        assertEquals(found, expected, name);
        compareRooms(room, name, wasmMemory.buffer, nativeMemory.buffer);
      }
    }
    return Promise.resolve();
  });
});

/** Kernels that only count their calls, in place of native ones. */
function counting(counts: Map<string, number>): Readonly<Record<string, () => number>> {
  return Object.fromEntries(
    Object.keys(allTwins).map((name) => [name, () => {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      return 0;
    }]),
  );
}

/** Names fields that are distances, and not pointers. */
const DISTANCE = /(Row|Stride|Bytes|Step|Panel|bytes)$/;

/** Lists the pointers that a kernel takes, by the position of the argument and the field of its struct, if it is one. */
function pointersOf(name: KernelName): { argument: number; field?: string }[] {
  const isPointer = (type: string, field: string) => type === "usize" && !DISTANCE.test(field);
  return Object.entries<string>(KERNELS[name].parameters).flatMap(([parameter, type], argument) => {
    if (!(type in STRUCTS)) return isPointer(type, parameter) ? [{ argument }] : [];
    const fields = Object.entries<readonly [string, number]>(STRUCTS[type as keyof typeof STRUCTS]);
    return fields.filter(([field, [type]]) => isPointer(type, field)).map(([field]) => ({ argument, field }));
  });
}

/** Returns `kernels` whose kernel `name` is called with a pointer moved to `to`, if the pointer is given. */
function moved(kernels: SimdKernels, name: KernelName, pointer: { argument: number; field?: string }, to: number) {
  return {
    ...kernels,
    [name]: (...values: (number | Record<string, number>)[]) => {
      const value = values[pointer.argument]!;
      if (typeof value === "number") {
        if (value !== 0) values[pointer.argument] = to;
      } else if (value[pointer.field!] !== 0) {
        values[pointer.argument] = { ...value, [pointer.field!]: to };
      }
      return Reflect.apply(kernels[name], undefined, values);
    },
  };
}

/** Runs a call of a WebAssembly kernel and returns whether it reaches beyond the memory. */
function traps(run: (kernels: SimdKernels) => unknown, kernels: SimdKernels): boolean {
  try {
    run(kernels);
    return false;
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return true;
    throw error;
  }
}

Deno.test("a native kernel throws a RangeError wherever its WebAssembly twin traps", () =>
  withDraws((draw) => {
    const counts = new Map<string, number>();
    const checked = bindNative(counting(counts), wasmExports(wasmMemory), wasmMemory, STRUCT_AT);
    const trapped = new Map<string, number>();
    for (const [name, twin] of twins) {
      for (const pointer of pointersOf(name)) {
        for (let call = 0; call < 12; call++) {
          const to = wasmMemory.buffer.byteLength - 4 * [0, 1, 4, 8, draw(64), draw(1024)][draw(6)]!;
          const room = new Room(wasmMemory, draw);
          const run = twin(room);
          const change = (kernels: SimdKernels) => moved(kernels, name, pointer, to);
          const field = `${name} ${pointer.field ?? pointer.argument}`;
          // The check comes first: the call may overwrite what it depends on.
          let error: unknown;
          try {
            run(change(checked));
          } catch (thrown) {
            error = thrown;
          }
          if (!traps(run, change(wasm))) continue;
          trapped.set(name, (trapped.get(name) ?? 0) + 1);
          assert(error instanceof RangeError, `${field} at ${to} is not refused, but ${error ?? "called"}`);
        }
      }
    }
    assertEquals(twins.map(([name]) => name).filter((name) => !trapped.has(name)), [], "kernels that never trapped");
    return Promise.resolve();
  }));

Deno.test("the checks of native kernels pass every call in its own memory", () =>
  withDraws((draw) => {
    const counts = new Map<string, number>();
    const checked = bindNative(counting(counts), wasmExports(wasmMemory), wasmMemory, STRUCT_AT);
    for (const [, twin] of twins) for (let call = 0; call < 20; call++) twin(new Room(wasmMemory, draw))(checked);
    assertEquals(twins.map(([name]) => name).filter((name) => counts.get(name) !== 20), []);
    return Promise.resolve();
  }));

Deno.test("bindNative() refuses a native kernel whose arguments no function checks", () => {
  const native = { mirrorSteps: () => 0 };
  assertThrows(
    () => bindNative(native, wasmExports(wasmMemory), wasmMemory, STRUCT_AT),
    TypeError,
    "No function checks the arguments of the native kernel mirrorSteps",
  );
});
