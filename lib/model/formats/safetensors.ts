/**
 * Encodes and decodes the safetensors format (huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header with each tensor's
 * dtype, shape and bytes, then the tensors without gaps. Only float32 here, and bytes in the file of a small model.
 */
import { counted } from "../../base/counted.ts";
import {
  headerLength,
  LENGTH_BYTES,
  type NamedTensor,
  parseHeader,
  type StoredTensor,
} from "../../base/safetensors_header.ts";

interface Safetensors<Tensor extends StoredTensor = NamedTensor> {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly Tensor[];
}

/** Bytes of a value. */
const SIZES = { F32: 4, I8: 1, U8: 1 } as const;

/** Returns the bytes of the file. */
export function encodeSafetensors(content: Safetensors<StoredTensor>): Uint8Array<ArrayBuffer> {
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
export function* safetensorsPieces(
  { metadata, tensors }: Safetensors<StoredTensor>,
): Generator<Uint8Array, void, void> {
  let end = 0;
  const entries = tensors.map(({ name, shape, values }) => {
    const begin = end;
    end += values.byteLength;
    const dtype = values instanceof Float32Array ? "F32" : values instanceof Int8Array ? "I8" : "U8";
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
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

/** Decodes `bytes`. Throws a RangeError if they are truncated or not safetensors, or if a tensor is not of float32. */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const { metadata, tensors } = decodeStored(bytes, ["F32"]);
  return {
    metadata,
    tensors: tensors.flatMap(({ values, ...rest }) => values instanceof Float32Array ? [{ ...rest, values }] : []),
  };
}

/** Decodes `bytes` as `decodeSafetensors` does, with tensors of the given types. */
export function decodeStored(bytes: Uint8Array, types: readonly (keyof typeof SIZES)[]): Safetensors<StoredTensor> {
  if (bytes.length < LENGTH_BYTES) {
    throw new RangeError(`not safetensors: ${counted(bytes.length, "byte")}, expected at least ${LENGTH_BYTES}`);
  }
  const start = LENGTH_BYTES + headerLength(bytes);
  if (start > bytes.length) throw new RangeError("not safetensors: the header that it begins with does not fit");
  const { metadata, tensors: entries } = parseHeader(bytes.subarray(LENGTH_BYTES, start));
  const tensors = entries.map(({ name, dtype, shape, begin, end }): StoredTensor => {
    const type = types.find((type) => type === dtype);
    if (!type) throw new RangeError(`tensor "${name}" is ${dtype}, expected ${types.join(" or ")}`);
    const size = SIZES[type] * shape.reduce((product, extent) => product * extent, 1);
    if (end - begin !== size || start + end > bytes.length) {
      throw new RangeError(
        `tensor "${name}" should have ${counted(size, "byte")} at ${begin}, but the file does not`,
      );
    }
    const own = new Uint8Array(bytes.subarray(start + begin, start + end));
    const values = type === "F32" ? floatsOf(own) : type === "I8" ? new Int8Array(own.buffer) : own;
    return { name, shape, values };
  });
  return { metadata, tensors };
}

function floatsOf({ buffer, length }: Uint8Array<ArrayBuffer>): Float32Array {
  if (IS_LITTLE_ENDIAN) return new Float32Array(buffer);
  const view = new DataView(buffer);
  return Float32Array.from({ length: length / 4 }, (_, i) => view.getFloat32(i * 4, true));
}
