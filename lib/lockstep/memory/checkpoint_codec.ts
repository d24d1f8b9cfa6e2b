/**
 * Encodes a committed state as the bytes of a safetensors file, and decodes it. It opens no file: lib/run/files writes
 * and reads them, and the prediction thread, which has no permissions, decodes what it is sent.
 */
import { z } from "zod";
import { sha256 } from "../../base/sha256.ts";
import type { NamedTensor } from "../../base/safetensors_header.ts";
import { decodeSafetensors, safetensorsPieces } from "../../model/formats/safetensors.ts";
import { type ParameterLayout, tensorView } from "../../model/layout.ts";
import { placeSchema, writePlace } from "./history_schema.ts";
import { type Committed, stateDigest, stateDigestInTurns } from "./state.ts";

interface EncodedCheckpoint {
  /** The digest of the state. */
  readonly digest: string;
  /** The bytes of the file, piece by piece. */
  readonly pieces: Iterable<Uint8Array>;
}

/** Lists the names of a state's vectors: `weights`, then `m` and `v` of each moment set. */
function vectorNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return "weights";
    const set = Math.floor((index - 1) / 2);
    return `${index % 2 === 1 ? "m" : "v"}${set === 0 ? "" : set}`;
  });
}

/** Returns the SHA-256 of the metadata, which the digest of a state does not cover. */
function checksumOf(metadata: Readonly<Record<string, string>>): Promise<string> {
  const entries = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(new TextEncoder().encode(JSON.stringify(entries)));
}

/** Encodes `state`. The pieces are views of its values, so that it must not change until they are written. */
export async function encodeCheckpoint(state: Committed, layout: ParameterLayout): Promise<EncodedCheckpoint> {
  const digest = await stateDigestInTurns(state);
  const tensors = vectorNames(state.values.length / layout.size).flatMap((vector, index): NamedTensor[] => {
    const values = state.values.subarray(index * layout.size, (index + 1) * layout.size);
    return layout.tensors.map((tensor) => ({
      name: `${vector}/${tensor.name}`,
      shape: tensor.shape,
      values: tensorView(values, tensor),
    }));
  });
  const { round, step, course } = writePlace(state);
  const history = JSON.stringify({ ...course, best: course.best ?? null });
  const content = { round: String(round), step: String(step), course: history, digest };
  const metadata = { ...content, checksum: await checksumOf(content) };
  return { digest, pieces: safetensorsPieces({ metadata, tensors }) };
}

/** Decodes a checkpoint and verifies its digest. Throws a RangeError that says what is wrong with `bytes`. */
export async function decodeCheckpoint(
  bytes: Uint8Array,
  layout: ParameterLayout,
): Promise<{ readonly state: Committed; readonly digest: string }> {
  try {
    const { metadata, tensors } = decodeSafetensors(bytes);
    const vectors = tensors.length / layout.tensors.length;
    const values = new Float32Array(vectors * layout.size);
    const byName = new Map(tensors.map((tensor) => [tensor.name, tensor.values]));
    for (const [index, vector] of vectorNames(vectors).entries()) {
      for (const tensor of layout.tensors) {
        const source = byName.get(`${vector}/${tensor.name}`);
        if (source?.length !== tensor.size) {
          throw new RangeError(`it has no ${vector}/${tensor.name} of [${tensor.shape}]`);
        }
        values.set(source, index * layout.size + tensor.offset);
      }
    }
    const { round, step, course = "null" } = metadata;
    const place = placeSchema.parse({ round: Number(round), step: Number(step), course: JSON.parse(course) });
    const state: Committed = { ...place, values };
    const { checksum, ...content } = metadata;
    if (await checksumOf(content) !== checksum) throw new RangeError("its metadata do not have their checksum");
    const digest = stateDigest(state);
    if (digest !== metadata.digest) throw new RangeError("its content does not have its digest");
    return { state, digest };
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof z.ZodError)) throw cause;
    throw new RangeError("its metadata are not those of a checkpoint", { cause });
  }
}
