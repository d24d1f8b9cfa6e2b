/**
 * Reads the header of a safetensors file (huggingface.co/docs/safetensors): 8 bytes with its length, then JSON with each
 * tensor's dtype, shape and place.
 */
import { anyObject, Fields, listOf, text, whole } from "./shapes.ts";

/** A tensor of float32. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

/** A tensor as a file has it: F32, or I8 or U8 in the file of a small model. */
export interface StoredTensor extends Omit<NamedTensor, "values"> {
  readonly values: Float32Array | Int8Array | Uint8Array;
}

/** Describes a tensor in a file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Its bytes, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly TensorEntry[];
}

/** The bytes before the header. */
export const LENGTH_BYTES = 8;

/** Returns the length of the header in bytes. `bytes` are the first eight of the file. */
export function headerLength(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true));
}

/**
 * Parses the JSON of the header. Throws a RangeError if it is not what the format says, or if two tensors share bytes,
 * because a small file could hold any number of large ones. The message quotes nothing: a client that requests a run must
 * not see the content of a file that is something else.
 */
export function parseHeader(json: Uint8Array): SafetensorsHeader {
  const { metadata, tensors } = entriesOf(json);
  let last = 0;
  for (const { name, begin, end } of tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < last) throw new RangeError(`tensor "${name}" has bytes of another one`);
    last = Math.max(last, end);
  }
  return { metadata, tensors };
}

const size = whole(0, Number.MAX_SAFE_INTEGER);

function entriesOf(bytes: Uint8Array): SafetensorsHeader {
  try {
    const { __metadata__: metadata = {}, ...entries } = anyObject(
      JSON.parse(new TextDecoder().decode(bytes)),
      "header",
    );
    const texts = Object.entries(anyObject(metadata, "metadata")).map(([name, value]) => [name, text(value, name)]);
    const tensors = Object.entries(entries).map(([name, value]): TensorEntry => {
      const fields = new Fields(value, name);
      const [begin, end] = fields.read("data_offsets", listOf(size, 2, 2));
      return {
        name,
        dtype: fields.read("dtype", text),
        shape: fields.read("shape", listOf(size)),
        begin: begin!,
        end: end!,
      };
    });
    return { metadata: Object.fromEntries(texts), tensors };
  } catch {
    throw new RangeError("not safetensors: the header is not what the format says");
  }
}
