/**
 * Encodes and decodes the safetensors format (huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header with each tensor's
 * dtype, shape and bytes, then the tensors without gaps. Only float32 here.
 */
import { counted } from "../../base/counted.ts";
import { Buffer } from "node:buffer";
import { headerLength, LENGTH_BYTES, parseHeader } from "../../base/safetensors_header.ts";

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

interface Safetensors {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly NamedTensor[];
}

/** Returns the bytes of the file. */
export function encodeSafetensors(content: Safetensors): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat([...safetensorsPieces(content)]));
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

/** Decodes `bytes`. Throws a RangeError if they are truncated or not safetensors. */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
    const values = Float32Array.from({ length: size }, (_, i) => view.getFloat32(start + begin + i * 4, true));
    return { name, shape, values };
  });
  return { metadata, tensors };
}
