/**
 * Finds rows with almost the same tokens and other labels, by MinHash in bands (Broder, "On the resemblance and containment of
 * documents", 1997). Time grows with the tokens of all rows, and memory is about 250 bytes a row.
 */
import type { EncodedTable } from "../batches/table.ts";
import { labelSets } from "../several.ts";
import { finishKey, mixKey } from "../vocabulary/token_keys.ts";
import { UNKNOWN } from "../vocabulary/vocabulary.ts";

/** Rows are alike if they share at least so much of their tokens and pairs of neighbours: one word of ten may differ. */
export const ALIKE = 0.7;
/** Rows that share so much have the same hashes in one of the bands with a probability of 99%. */
const [BANDS, HASHES] = [16, 4];
/** Only the first rows are compared. */
const MOST_ROWS = 2 ** 20;
/** Most earlier rows with the same hashes in a band, and most that a row is compared with: those that share most bands. */
const [MOST_SEEN, MOST_COMPARED] = [32, 8];

/** Returns the tokens of a row, as numbers that are the same for the same tokens only. */
export function tokensOf({ offsets, tokens, unknown }: EncodedTable, row: number): Uint32Array {
  const ids = Uint32Array.from(tokens.subarray(offsets[row], offsets[row + 1]));
  let next = unknown?.before[row] ?? 0;
  // Different unknown tokens have the same id, but other keys.
  return unknown ? ids.map((id) => id === UNKNOWN ? ~unknown.keys.keys[unknown.keys.offsets[next++]!]! : id) : ids;
}

export interface NearDuplicates {
  /** `[rows]`: the row most like each that has other labels, or -1. */
  readonly partners: Int32Array;
  /** `[rows]`: how much of both they share, from 0 to 1. */
  readonly shares: Float32Array;
}

/** Finds near-duplicates with different labels. Yields after each row, for inTurns(). */
export function* findNearDuplicates(table: EncodedTable): Generator<void, NearDuplicates, void> {
  const labels = labelSets(table);
  const partners = new Int32Array(labels.length).fill(-1);
  const shares = new Float32Array(labels.length);
  const rows = Math.min(labels.length, MOST_ROWS);
  const least = new Uint32Array(BANDS * HASHES);
  const masks = least.map((_, i) => finishKey(i + 1));
  const factors = least.map((_, i) => finishKey(-i) | 1);
  /** `[rows, bands]`: the hashes of each row, and the row before in the same slot, plus 1. */
  const keys = new Uint32Array(rows * BANDS);
  const before = new Uint32Array(rows * BANDS);
  /** `[slots, bands]`: the newest row with such a hash, plus 1. */
  const slots = 2 ** Math.ceil(Math.log2(rows + 1));
  const newest = new Uint32Array(slots * BANDS);
  for (let row = 0; row < rows; row++) {
    const parts = partsOf(tokensOf(table, row));
    least.fill(0xFFFFFFFF);
    for (const part of parts) {
      const mixed = finishKey(mixKey(0, part));
      for (let i = 0; i < least.length; i++) {
        const hash = Math.imul(mixed ^ masks[i]!, factors[i]!) >>> 0;
        if (hash < least[i]!) least[i] = hash;
      }
    }
    /** Other row → bands in which both have the same hashes. */
    const shared = new Map<number, number>();
    for (let band = 0; band < BANDS; band++) {
      const at = row * BANDS + band;
      keys[at] = least.subarray(band * HASHES, (band + 1) * HASHES).reduce(mixKey, band);
      const slot = (finishKey(keys[at]!) % slots) * BANDS + band;
      let other = before[at] = newest[slot]!;
      newest[slot] = row + 1;
      for (let seen = 0; other > 0 && seen < MOST_SEEN; seen++, other = before[(other - 1) * BANDS + band]!) {
        const isLike = keys[(other - 1) * BANDS + band] === keys[at] && labels[other - 1] !== labels[row];
        if (isLike) shared.set(other - 1, (shared.get(other - 1) ?? 0) + 1);
      }
    }
    const nearest = [...shared].sort(([a, most], [b, more]) => more - most || b - a).slice(0, MOST_COMPARED);
    for (const [other] of nearest) {
      const share = shareOf(parts, partsOf(tokensOf(table, other)));
      if (share < ALIKE) continue;
      for (const [one, two] of [[row, other], [other, row]] as const) {
        if (share <= shares[one]!) continue;
        partners[one] = two;
        shares[one] = share;
      }
    }
    yield;
  }
  return { partners, shares };
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
