/** A copy of `array` with room for `least` elements, and for twice as many as it had; new ones are 0. */
export function grown<
  A extends
    | Uint16Array<ArrayBuffer>
    | Uint32Array<ArrayBuffer>
    | Int32Array<ArrayBuffer>
    | Float64Array<ArrayBuffer>,
>(array: A, least: number): A {
  const copy = new (array.constructor as new (length: number) => A)(Math.max(least, 2 * array.length));
  copy.set(array);
  return copy;
}

/** Gives the memory of `array` back at once, rather than when it is collected; the array is empty then. */
export function release(array: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
  array.buffer.transfer(0);
}
