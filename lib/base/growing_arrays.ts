/** Copies `array` to one of at least `least` elements and at least the double length; new elements are 0. */
export function grown<
  A extends
    | Uint8Array<ArrayBuffer>
    | Uint16Array<ArrayBuffer>
    | Uint32Array<ArrayBuffer>
    | Int32Array<ArrayBuffer>
    | Float32Array<ArrayBuffer>
    | Float64Array<ArrayBuffer>,
>(array: A, least: number): A {
  const copy = new (array.constructor as new (length: number) => A)(Math.max(least, 2 * array.length));
  copy.set(array);
  return copy;
}

/** Frees the memory of `array` at once, before garbage collection; the array is empty afterwards. */
export function release(array: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
  array.buffer.transfer(0);
}
