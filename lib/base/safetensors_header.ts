/**
 * Reads the header of a safetensors file (huggingface.co/docs/safetensors): 8 bytes with its length, then JSON with each
 * tensor's dtype, shape and place.
 */
import { z } from "zod";

const entry = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const header = z.object({ __metadata__: z.record(z.string(), z.string()).default({}) }).catchall(entry);

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
  const parsed = header.safeParse(jsonOf(json));
  if (!parsed.success) throw new RangeError("not safetensors: the header is not what the format says");
  const { __metadata__: metadata, ...entries } = parsed.data;
  const tensors = Object.entries(entries).map(([name, { dtype, shape, data_offsets: [begin, end] }]): TensorEntry => ({
    name,
    dtype,
    shape,
    begin,
    end,
  }));
  let last = 0;
  for (const { name, begin, end } of tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < last) throw new RangeError(`tensor "${name}" has bytes of another one`);
    last = Math.max(last, end);
  }
  return { metadata, tensors };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
