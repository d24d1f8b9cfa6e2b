/**
 * Encodes and decodes the safetensors format (huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header with each tensor's
 * dtype, shape and bytes, then the tensors without gaps. Only float32 here.
 */
import { counted } from "../../base/counted.ts";
import { headerLength, LENGTH_BYTES, type NamedTensor, parseHeader } from "../../base/safetensors_header.ts";

interface Safetensors {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly NamedTensor[];
}

/** Returns the bytes of the file. */
export function encodeSafetensors(content: Safetensors): Uint8Array<ArrayBuffer> {
  const pieces = [...safetensorsPieces(content)];
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The most bytes of a tensor in one piece. */
const PIECE_BYTES = 2 ** 22;

/** Returns the bytes of the file piece by piece; those of tensors are views, not copies. */
export function* safetensorsPieces({ metadata, tensors }: Safetensors): Generator<Uint8Array, void, void> {
  let end = 0;
  const entries = tensors.map(({ name, shape, values }) => {
    const begin = end;
    end += values.length * 4;
    return [name, { dtype: "F32", shape, data_offsets: [begin, end] }] as const;
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  // Tensors should start at a multiple of 8 bytes; the format allows spaces at the end of the header.
  const head = new TextEncoder().encode(json + " ".repeat((8 - (new TextEncoder().encode(json).length % 8)) % 8));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(head.length), true);
  yield new Uint8Array(length.buffer);
  yield head;
  for (const { values: { buffer, byteOffset, byteLength } } of tensors) {
    for (let begin = 0; begin < byteLength; begin += PIECE_BYTES) {
      yield new Uint8Array(buffer, byteOffset + begin, Math.min(PIECE_BYTES, byteLength - begin));
    }
  }
}

/** True where numbers lie in memory as they do in files: on all usual processors. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Decodes `bytes`. Throws a RangeError if they are truncated or not safetensors. */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  if (bytes.length < LENGTH_BYTES) {
    throw new RangeError(`not safetensors: ${counted(bytes.length, "byte")}, expected at least ${LENGTH_BYTES}`);
  }
  const start = LENGTH_BYTES + headerLength(bytes);
  if (start > bytes.length) throw new RangeError("not safetensors: the header that it begins with does not fit");
  const { metadata, tensors: entries } = parseHeader(bytes.subarray(LENGTH_BYTES, start));
  const tensors = entries.map(({ name, dtype, shape, begin, end }): NamedTensor => {
    if (dtype !== "F32") throw new RangeError(`tensor "${name}" is ${dtype}, expected F32`);
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (end - begin !== size * 4 || start + end > bytes.length) {
      throw new RangeError(
        `tensor "${name}" should have ${counted(size * 4, "byte")} at ${begin}, but the file does not`,
      );
    }
    return { name, shape, values: floatsOf(new Uint8Array(bytes.subarray(start + begin, start + end))) };
  });
  return { metadata, tensors };
}

function floatsOf({ buffer, length }: Uint8Array<ArrayBuffer>): Float32Array {
  if (IS_LITTLE_ENDIAN) return new Float32Array(buffer);
  const view = new DataView(buffer);
  return Float32Array.from({ length: length / 4 }, (_, i) => view.getFloat32(i * 4, true));
}
