/**
 * Encodes and decodes the safetensors format (huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header with each tensor's
 * dtype, shape and bytes, then the tensors without gaps. Only float32 here.
 */
import { counted } from "../../base/counted.ts";
import { Buffer } from "node:buffer";
import { z } from "zod";

const entry = z.object({
  dtype: z.literal("F32"),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const header = z.object({ __metadata__: z.record(z.string(), z.string()).default({}) }).catchall(entry);

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
  if (bytes.length < 8) throw new RangeError(`not safetensors: ${counted(bytes.length, "byte")}, expected at least 8`);
  const headLength = Number(view.getBigUint64(0, true));
  const start = 8 + headLength;
  // The message quotes nothing: a client that requests a run must not see the content of a file that is something else.
  if (start > bytes.length) throw new RangeError("not safetensors: the header that it begins with does not fit");
  const parsed = header.safeParse(parseHeader(bytes.subarray(8, start)));
  if (!parsed.success) throw new RangeError("not safetensors: the header is not what the format says");
  const { __metadata__: metadata, ...entries } = parsed.data;
  checkApart(Object.entries(entries).map(([name, { data_offsets }]) => [name, ...data_offsets]));
  const tensors = Object.entries(entries).map(([name, { shape, data_offsets: [begin, end] }]): NamedTensor => {
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

/** Throws a RangeError if two tensors share bytes, because a small file could hold any number of large ones. */
function checkApart(spans: [name: string, begin: number, end: number][]): void {
  let last = 0;
  for (const [name, begin, end] of spans.sort(([, a, b], [, c, d]) => a - c || b - d)) {
    if (begin < last) throw new RangeError(`tensor "${name}" has bytes of another one`);
    last = Math.max(last, end);
  }
}

function parseHeader(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
