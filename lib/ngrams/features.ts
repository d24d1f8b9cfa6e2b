/** Finds the features of a row: its tokens and pairs or longer runs of them, and the letters inside words. */
import { grown } from "../base/growing_arrays.ts";
import { finishKey, mixKey, type TokenKeys } from "../data/vocabulary/token_keys.ts";
import type { TokenizerJson } from "../data/tokenizers/schema.ts";
import type { UnknownTokens } from "../data/batches/table.ts";
import { UNKNOWN } from "../data/vocabulary/vocabulary.ts";

export interface NgramSpace {
  /** Tokens of the longest n-grams. */
  readonly order: number;
  /** Tells whether n-grams may include a mark at either end of the row. */
  readonly hasEnds: boolean;
}

/** A vocabulary this small has events, whose meaning depends on their neighbours. */
const SMALL_VOCABULARY = 512;

/** Returns pairs of words or codes, up to five characters, and up to four codes where there are few different ones. */
export function ngramSpace(kind: TokenizerJson["kind"], vocabulary: number): NgramSpace {
  if (kind === "chars") return { order: 5, hasEnds: true };
  if (kind === "codes" && vocabulary <= SMALL_VOCABULARY) return { order: 4, hasEnds: true };
  return { order: 2, hasEnds: true };
}

/** Rows as ids end to end; see EncodedTable. */
export interface NgramRows {
  readonly tokens: ArrayLike<number>;
  readonly offsets: ArrayLike<number>;
  readonly unknown?: UnknownTokens | undefined;
}

/** Features of a row, in views that are valid until the next row is read. Only the first `count` are in use. */
export interface RowFeatures {
  count: number;
  /** Columns, each once. */
  columns: Uint32Array<ArrayBuffer>;
  /** How often the row has each of them. */
  counts: Uint32Array<ArrayBuffer>;
}

/** Receives each feature where it is found: its column, and the tokens from `first` to `end - 1` of the row that have it. */
export type OnFeature = (column: number, first: number, end: number) => void;

/** Keys of the two ends of a row. */
const [BEGINNING, END] = [0x5EED0001, 0x5EED0002];
/** Starts of the hashes of n-grams of tokens, and of tokens of one of several texts. */
const [TOKENS, OF_TEXT] = [3, 4];

/**
 * Returns the function that finds the features of a row. `vocabulary` has the keys of known tokens by id, and `columnOf`
 * gives the column of a key, -1 for none; `columns` are those of the keys of the vocabulary, if they are known.
 */
export function createFeatureFinder(
  { order, hasEnds }: NgramSpace,
  vocabulary: TokenKeys,
  columnOf: (key: number, isLetters: boolean) => number,
  columns?: Int32Array,
): (rows: NgramRows, row: number, onFeature?: OnFeature) => RowFeatures {
  const found: RowFeatures = { count: 0, columns: new Uint32Array(256), counts: new Uint32Array(256) };
  /** Per column: its position in `found` plus 1, or 0 if this row does not have it. */
  let places = new Uint32Array(1024);
  /** Key of each token, with those of the ends around them; 0 for a token without a key. */
  let own = new Uint32Array(256);
  const marks = vocabulary.marks && new Set(vocabulary.marks);

  function add(column: number): void {
    if (column < 0) return;
    if (column >= places.length) places = grown(places, column + 1);
    const place = places[column]!;
    if (place > 0) {
      found.counts[place - 1]!++;
      return;
    }
    if (found.count === found.columns.length) {
      found.columns = grown(found.columns, found.count + 1);
      found.counts = grown(found.counts, found.count + 1);
    }
    found.columns[found.count] = column;
    found.counts[found.count] = 1;
    places[column] = ++found.count;
  }

  return ({ tokens, offsets, unknown }, row, onFeature) => {
    for (let i = 0; i < found.count; i++) places[found.columns[i]!] = 0;
    found.count = 0;
    const begin = offsets[row]!;
    const length = offsets[row + 1]! - begin;
    if (own.length < length + 2) own = new Uint32Array(2 * length + 2);
    let nextUnknown = unknown ? unknown.before[row]! : 0;
    for (let i = 0; i < length; i++) {
      const token = tokens[begin + i]!;
      const isUnknown = token === UNKNOWN && unknown !== undefined;
      const { offsets: starts, keys } = isUnknown ? unknown.keys : vocabulary;
      const index = isUnknown ? nextUnknown++ : token;
      const first = starts[index]!;
      const after = starts[index + 1]!;
      own[i + 1] = first < after ? keys[first]! : 0;
      for (let j = first; j < after; j++) {
        const column = columns && !isUnknown ? columns[j]! : columnOf(keys[j]!, j > first);
        add(column);
        if (onFeature && column >= 0) onFeature(column, i, i + 1);
      }
    }
    own[0] = BEGINNING;
    own[length + 1] = END;
    const margin = hasEnds ? 0 : 1;
    if (marks) addTexts(length, marks, onFeature);
    else addGrams(margin, length + 1 - margin, length, onFeature);
    return found;
  };

  /** Adds the n-grams of the keys from `first` to `last`; those of tokens end before `length`. */
  function addGrams(first: number, last: number, length: number, onFeature: OnFeature | undefined): void {
    for (let i = first; i <= last; i++) {
      if (own[i] === 0) continue;
      let state = mixKey(TOKENS, own[i]!);
      for (let j = i + 1; j < i + order && j <= last && own[j] !== 0; j++) {
        state = mixKey(state, own[j]!);
        const column = columnOf(finishKey(state), false);
        add(column);
        // The ends of the row are no tokens.
        if (onFeature && column >= 0) onFeature(column, Math.max(0, i - 1), Math.min(length, j));
      }
    }
  }

  /**
   * Adds the n-grams of each text of a row of several columns: its mark is its beginning. Of several texts each token is a
   * feature of its text as well, so that the fit decides what a word means in each of them (Daumé, "Frustratingly easy
   * domain adaptation", 2007).
   */
  function addTexts(length: number, marks: ReadonlySet<number>, onFeature: OnFeature | undefined): void {
    for (let first = 1; first <= length; first++) {
      if (!marks.has(own[first]!)) continue;
      let end = first + 1;
      while (end <= length && !marks.has(own[end]!)) end++;
      const next = own[end]!;
      own[end] = END;
      addGrams(first, end, end - 1, onFeature);
      own[end] = next;
      const text = mixKey(OF_TEXT, own[first]!);
      for (let i = first + 1; marks.size > 1 && i < end; i++) {
        if (own[i] === 0) continue;
        const column = columnOf(finishKey(mixKey(text, own[i]!)), false);
        add(column);
        if (onFeature && column >= 0) onFeature(column, i - 1, i);
      }
      first = end - 1;
    }
  }
}
