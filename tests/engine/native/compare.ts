/** Compares two copies of a room after a call. */
import type { Room } from "./room.ts";

/** Throws unless both have the same bits outside of scratches; two NaN may differ in theirs. */
export function compareRooms(room: Room, name: string, wasm: ArrayBufferLike, native: ArrayBufferLike): void {
  const [expected, found] = [new Int32Array(wasm), new Int32Array(native)];
  const [expectedFloats, foundFloats] = [new Float32Array(wasm), new Float32Array(native)];
  for (const { at, bytes } of room.scratches) {
    expected.fill(0, at / 4, (at + bytes + 3) >> 2);
    found.fill(0, at / 4, (at + bytes + 3) >> 2);
  }
  for (let word = room.begin / 4; word < room.end / 4; word++) {
    if (expected[word] === found[word]) continue;
    const [a, b] = [expectedFloats[word]!, foundFloats[word]!];
    if (Number.isNaN(a) && Number.isNaN(b)) continue;
    const region = room.offsets.findLastIndex((at) => at <= 4 * word);
    const element = word - room.offsets[region]! / 4;
    throw new Error(`${name} differs in element ${element} of allocation ${region}: WebAssembly has ${a}, native ${b}`);
  }
}
