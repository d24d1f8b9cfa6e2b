/**
 * Lists the rows of the embedding that make the vectors of words: a row of the word's own, and one for each run of its
 * letters, which words share ("subwords": Bojanowski et al., 2017). Rows of letters lie behind those of ids, and runs are
 * hashed to them. So rare and unknown words have a vector that is like that of words with the same letters.
 */
import { isPair, type TokenKeys } from "../vocabulary/token_keys.ts";
import { UNKNOWN } from "../vocabulary/vocabulary.ts";
import { type Batch, MOST_ROWS_OF_VECTOR } from "./batch.ts";
import type { Rows } from "./fill_batch.ts";
import type { EncodedTable } from "./table.ts";

/** The shape of an embedding: so many ids, and behind their rows so many of letters. */
export interface LetterShape {
  readonly vocabulary: number;
  readonly letterRows: number;
}

/**
 * Writes the rows of token number `token` of `keys` to `into` from `at` on, and returns the position after the last: `own`,
 * then those of its runs of 3 to 5 letters, as many as a vector may have. Pairs say little, and are a third of all runs.
 */
export function wordRows(
  { vocabulary, letterRows }: LetterShape,
  own: number,
  { offsets, keys }: TokenKeys,
  token: number,
  into: Int32Array,
  at: number,
): number {
  into[at++] = own;
  // The first key is that of the whole token.
  const first = offsets[token]! + 1;
  const end = offsets[token + 1]!;
  const most = at + MOST_ROWS_OF_VECTOR - 1;
  for (let i = first; i < end && at < most; i++) {
    if (!isPair(end - 1 - i)) into[at++] = vocabulary + keys[i]! % letterRows;
  }
  return at;
}

/** Numbers the vectors of a batch that `fillBatch` filled with the same arguments, in place of its tokens. */
export type NumberVectors = (batch: Batch, rows: Rows, order: ArrayLike<number> | undefined, first: number) => void;

/**
 * Returns the function that lists the rows of a batch's vectors: of each id that it has one, and one of each token that is
 * not in the vocabulary. `known` has the keys of the ids; without it their rows are their vectors already.
 */
export function createVectorNumbers(shape: LetterShape, known?: TokenKeys): NumberVectors {
  /** Per id: the number of its vector plus 1, or 0 if this batch has none yet. */
  const numbers = new Int32Array(shape.vocabulary);
  return ({ tokens, lengths, size, length, vectors }, { unknown }, order, first) => {
    if (!vectors) return;
    const { offsets, rows } = vectors;
    let count = 0;
    offsets[0] = 0;
    const add = (own: number, keys: TokenKeys | undefined, token: number): number => {
      const at = offsets[count]!;
      if (keys) offsets[count + 1] = wordRows(shape, own, keys, token, rows, at);
      else {
        rows[at] = own;
        offsets[count + 1] = at + 1;
      }
      return count++;
    };
    for (let row = 0; row < size; row++) {
      let nextUnknown = unknown ? unknown.before[order ? order[first + row]! : first + row]! : 0;
      const end = row * length + lengths[row]!;
      for (let i = row * length; i < end; i++) {
        const id = tokens[i]!;
        if (id === UNKNOWN && unknown) tokens[i] = add(id, unknown.keys, nextUnknown++);
        else tokens[i] = (numbers[id] ||= add(id, known, id) + 1) - 1;
      }
    }
    for (let vector = 0; vector < count; vector++) numbers[rows[offsets[vector]!]!] = 0;
    vectors.count = count;
  };
}

/** Returns the most tokens that are not in the vocabulary among `size` rows of a table. */
export function mostUnknown({ unknown }: EncodedTable, size: number): number {
  if (!unknown) return 0;
  const counts = unknown.before.slice(1).map((before, row) => before - unknown.before[row]!).sort();
  return counts.subarray(-size).reduce((sum, count) => sum + count, 0);
}
