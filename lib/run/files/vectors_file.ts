/**
 * Writes the vectors that a run started from into its directory, as a file that `vectors` may name as well: resuming and
 * verifying the run read it in place of the file that it was made from.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { FIRST_KNOWN } from "../../data/vocabulary/vocabulary.ts";
import type { TokenVectors } from "../../data/vocabulary/choose_vocabulary.ts";
import { safetensorsPieces } from "../../model/formats/safetensors.ts";
import { writeWhole } from "./files.ts";

/** Names the file in a run's directory. */
export const VECTORS = "vectors.safetensors";

/** Returns SHA-256, in hex, of the sizes and the values (float32, little-endian). */
export function vectorsDigest({ values, ...sizes }: TokenVectors): string {
  const { buffer, byteOffset, byteLength } = values;
  const head = JSON.stringify(sizes);
  return createHash("sha256").update(head).update(new Uint8Array(buffer, byteOffset, byteLength)).digest("hex");
}

/** Writes the vectors of the last words of `vocabulary`. */
export async function writeVectors(
  directory: string,
  { first, width, values }: TokenVectors,
  vocabulary: readonly string[],
): Promise<void> {
  const words = vocabulary.slice(first - FIRST_KNOWN);
  const content = {
    metadata: { vocabulary: JSON.stringify(words) },
    tensors: [{ name: "embeddings", shape: [words.length, width], values }],
  };
  await writeWhole(join(directory, VECTORS), safetensorsPieces(content));
}
