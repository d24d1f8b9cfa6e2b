/** Encodes messages of Protocol Buffers: as much of the format as ONNX needs, and no schema. */

/** A field's number and its value: a list repeats the field; undefined leaves it out. Whole numbers are not negative. */
export type Fields = readonly (readonly [field: number, value: Value | readonly Value[] | undefined])[];
type Value = number | string | Uint8Array;

const VARINT = 0;
const BYTES = 2;

/** Encodes a message. A number is an integer, and a message in a message is bytes. */
export function message(fields: Fields): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  for (const [field, value] of fields) {
    for (const one of value === undefined ? [] : isList(value) ? value : [value]) {
      if (typeof one === "number") pieces.push(varint(8 * field + VARINT), varint(one));
      else {
        const bytes = typeof one === "string" ? new TextEncoder().encode(one) : one;
        pieces.push(varint(8 * field + BYTES), varint(bytes.length), bytes);
      }
    }
  }
  const result = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}

function isList(value: Value | readonly Value[]): value is readonly Value[] {
  return Array.isArray(value);
}

/** Encodes a whole number in groups of 7 bits, the lowest first. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value > 0x7F; value = Math.floor(value / 0x80)) bytes.push(value % 0x80 + 0x80);
  return Uint8Array.from([...bytes, value]);
}
