/** Describes the calls with which a native kernel is compared with its WebAssembly twin. */
import type { KERNELS, SimdKernels } from "../../../lib/engine/simd/bindings.gen.ts";
import type { Room } from "./room.ts";

export type KernelName = keyof typeof KERNELS;

/**
 * Draws the shape of a call, allocates its arguments in the room, and returns the call. The call runs on two copies of the
 * room; then all of its bytes, scratches left out, and the results must be the same.
 */
export type Twin = (room: Room) => (kernels: SimdKernels) => number | void;

export type Twins = Readonly<Partial<Record<KernelName, Twin>>>;

/** A matrix for kernels: its byte offset, and the bytes from panel to panel and from row to row. */
export interface RoomMatrix {
  readonly at: number;
  readonly stride: number;
  readonly row: number;
}

/** Allocates a matrix of floats in panels, or row-major with other values after each row. */
export function matrix(room: Room, rows: number, panels: number, isRowMajor: number = room.flag()): RoomMatrix {
  const width = 8 * panels + 16;
  return isRowMajor
    ? { at: room.floats(rows * width), stride: 32, row: 4 * width }
    : { at: room.floats(rows * panels * 8), stride: 32 * rows, row: 32 };
}
