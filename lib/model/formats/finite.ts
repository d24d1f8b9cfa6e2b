/** Throws a RangeError, which names the tensor, if one of its values is no finite number: predictions would be none either. */
export function checkFinite(name: string, values: Float32Array): void {
  // Several times faster than every().
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw new RangeError(`tensor "${name}" has a value that is no number`);
  }
}
