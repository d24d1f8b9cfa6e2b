/**
 * Finds rows with almost the same tokens and another label, by MinHash in bands (Broder, "On the resemblance and containment of
 * documents", 1997). Time grows with the tokens of all rows, and memory is about 90 bytes a row.
 */
import type { EncodedTable } from "../batches/table.ts";
import { finishKey, mixKey } from "../vocabulary/token_keys.ts";
import { UNKNOWN } from "../vocabulary/vocabulary.ts";

/** Rows are alike if they share at least so much of their tokens and pairs of neighbours: one word of ten may differ. */
export const ALIKE = 0.7;
/** Rows that share so much have the same hashes in one of the bands with a probability of 99%. */
const [BANDS, HASHES] = [16, 4];
/** Most rows with the same hashes that a row is compared with, in a band; those before them were seldom more alike. */
const MOST_SEEN = 64;
const MOST_COMPARED = 8;

/** Returns the tokens of a row, as numbers that are the same for the same tokens only. */
export function tokensOf({ offsets, tokens, unknown }: EncodedTable, row: number): Uint32Array {
  const ids = Uint32Array.from(tokens.subarray(offsets[row], offsets[row + 1]));
  let next = unknown?.before[row] ?? 0;
  // Different unknown tokens have the same id, but other keys.
  return unknown ? ids.map((id) => id === UNKNOWN ? ~unknown.keys.keys[unknown.keys.offsets[next++]!]! : id) : ids;
}

export interface NearDuplicates {
  /** `[rows]`: the row most like each that has another label, or -1. */
  readonly partners: Int32Array;
  /** `[rows]`: how much of both they share, from 0 to 1. */
  readonly shares: Float32Array;
}

/** Finds near-duplicates with different labels. Yields after each row, for inTurns(). */
export function* findNearDuplicates(table: EncodedTable): Generator<void, NearDuplicates, void> {
  const { labels } = table;
  const rows = labels.length;
  const partners = new Int32Array(rows).fill(-1);
  const shares = new Float32Array(rows);
  const keys = new Uint32Array(BANDS * rows);
  const least = new Uint32Array(BANDS * HASHES);
  const masks = least.map((_, i) => finishKey(i + 1));
  const factors = least.map((_, i) => finishKey(-i) | 1);
  for (let row = 0; row < rows; row++) {
    least.fill(0xFFFFFFFF);
    for (const part of partsOf(tokensOf(table, row))) {
      const mixed = finishKey(mixKey(0, part));
      for (let i = 0; i < least.length; i++) {
        const hash = Math.imul(mixed ^ masks[i]!, factors[i]!) >>> 0;
        if (hash < least[i]!) least[i] = hash;
      }
    }
    for (let band = 0; band < BANDS; band++) {
      keys[band * rows + row] = least.subarray(band * HASHES, (band + 1) * HASHES).reduce(mixKey, band);
    }
    yield;
  }
  const before = new Int32Array(rows);
  for (let band = 0; band < BANDS; band++) {
    const last = new Map<number, number>();
    for (let row = 0; row < rows; row++) {
      const key = keys[band * rows + row]!;
      before[row] = last.get(key) ?? -1;
      last.set(key, row);
      let compared = 0;
      let other = before[row]!;
      for (let seen = 0; other >= 0 && seen < MOST_SEEN && compared < MOST_COMPARED; seen++, other = before[other]!) {
        if (labels[other] === labels[row] || partners[row] === other) continue;
        compared++;
        pair(row, other);
      }
      yield;
    }
  }
  return { partners, shares };

  function pair(row: number, other: number): void {
    const share = shareOf(partsOf(tokensOf(table, row)), partsOf(tokensOf(table, other)));
    if (share < ALIKE) return;
    for (const [one, two] of [[row, other], [other, row]] as const) {
      if (share <= shares[one]!) continue;
      partners[one] = two;
      shares[one] = share;
    }
  }
}

/** Returns the tokens of a row and the pairs of neighbours, each once. */
function partsOf(tokens: Uint32Array): Set<number> {
  const parts = new Set<number>(tokens);
  for (let i = 1; i < tokens.length; i++) parts.add(finishKey(mixKey(tokens[i - 1]!, tokens[i]!)));
  return parts;
}

function shareOf(one: ReadonlySet<number>, two: ReadonlySet<number>): number {
  let both = 0;
  for (const part of one) if (two.has(part)) both++;
  return both / (one.size + two.size - both);
}
