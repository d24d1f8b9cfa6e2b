/** Chooses the tokens that a model knows. */
import { type DataOptions, FEW_ROWS } from "../../config/data_shape.ts";
import type { DataStatistics } from "../statistics.ts";
import type { ProvisionalTokens } from "./provisional.ts";
import { FIRST_KNOWN, UNKNOWN, Vocabulary } from "./vocabulary.ts";

/** Vectors of words from a file, in its order. */
export interface WordVectors {
  readonly width: number;
  readonly words: readonly string[];
  /** `[words, width]` */
  readonly values: Float32Array;
}

/** Vectors of the ids from `first` to the end of a vocabulary. */
export interface TokenVectors {
  readonly first: number;
  readonly width: number;
  /** The number of these tokens that rows have; they come first. */
  readonly ofRows: number;
  /** `[vocabulary - first, width]` */
  readonly values: Float32Array;
}

export interface ChosenVocabulary {
  readonly vocabulary: Vocabulary;
  /** Provisional id → id. */
  readonly ids: Uint32Array;
  readonly statistics: DataStatistics["vocabulary"];
  /** Present if a file gave vectors. */
  readonly vectors: TokenVectors | undefined;
}

/** Returns the occurrences from which a token is known. */
export function chosenMinCount(minCount: DataOptions["minCount"], rows: number): number {
  return minCount === "auto" ? (rows < FEW_ROWS ? 1 : 2) : minCount;
}

/** Returns the tokens that a file of vectors is searched for: the most frequent ones, also of one occurrence. */
export function searchedTokens(
  counts: Uint32Array,
  tokens: ProvisionalTokens,
  { maxVocabulary }: Pick<DataOptions, "maxVocabulary">,
  earlier: readonly number[] = [],
): ReadonlySet<string> {
  return new Set(tokens.strings(new Set(mostFrequent(counts, tokens, 1, maxVocabulary, earlier))).values());
}

/**
 * Returns the provisional ids with at least `least` occurrences, the most frequent first, as many as there may be. The
 * `earlier` ones come before them, whether they occur or not.
 */
function mostFrequent(
  counts: Uint32Array,
  tokens: ProvisionalTokens,
  least: number,
  maxVocabulary: number,
  earlier: readonly number[],
): Uint32Array {
  const known = tokens.known();
  for (const id of earlier) known[id] = 0;
  const isCandidate = (id: number) => known[id] === 1 && counts[id]! >= least;
  let candidates = 0;
  for (let id = FIRST_KNOWN; id < counts.length; id++) if (isCandidate(id)) candidates++;
  const order = new Uint32Array(candidates);
  for (let id = FIRST_KNOWN, at = 0; id < counts.length; id++) if (isCandidate(id)) order[at++] = id;
  order.sort((a, b) => counts[b]! - counts[a]! || a - b);
  return Uint32Array.from([
    ...earlier,
    ...order.subarray(0, Math.max(0, maxVocabulary - FIRST_KNOWN - earlier.length)),
  ]);
}

/**
 * Chooses the most frequent tokens by `counts`, which has the occurrences in the `rows` training rows by provisional id.
 * Of equally frequent tokens the first is preferred. Tokens with `vectors` come after the others: those of the rows, of
 * which one occurrence is enough, then those that only the file has, in its order. The `earlier` provisional ids are known
 * in any case, and come before others of their kind.
 */
export function chooseVocabulary(
  counts: Uint32Array,
  tokens: ProvisionalTokens,
  { minCount, maxVocabulary }: Pick<DataOptions, "minCount" | "maxVocabulary">,
  rows: number,
  vectors?: WordVectors,
  earlier: readonly number[] = [],
): ChosenVocabulary {
  const enough = chosenMinCount(minCount, rows);
  const candidates = mostFrequent(counts, tokens, vectors ? 1 : enough, maxVocabulary, earlier);
  const isEarlier = new Set(earlier);
  const strings = tokens.strings(new Set(candidates));
  const places = new Map(vectors?.words.map((word, place) => [word, place]));
  const hasVector = (id: number) => places.has(strings.get(id)!);
  const kept = candidates.filter((id) => (counts[id]! >= enough || isEarlier.has(id)) && !hasVector(id));
  const covered = candidates.filter(hasVector);
  const ofRows = [...kept, ...covered];
  const words = ofRows.map((id) => strings.get(id)!);
  const ids = new Uint32Array(counts.length).fill(UNKNOWN);
  ofRows.forEach((id, index) => ids[id] = index + FIRST_KNOWN);
  const own = new Set(words);
  const others = vectors?.words.filter((word) => !own.has(word)) ?? [];
  others.forEach((word, index) => {
    // Validation rows may have it, or training rows beyond the greatest vocabulary.
    const id = tokens.find(word);
    if (id !== UNKNOWN) ids[id] = words.length + index + FIRST_KNOWN;
  });
  const vocabulary = new Vocabulary([...words, ...others]);
  const sum = (ids: Uint32Array) => ids.reduce((sum, id) => sum + counts[id]!, 0);
  const all = counts.reduce((sum, count) => sum + count, 0);
  const coverage = vectors &&
    { width: vectors.width, words: covered.length, share: all > 0 ? sum(covered) / all : 0, others: others.length };
  return {
    vocabulary,
    ids,
    statistics: {
      size: vocabulary.size,
      known: ofRows.length,
      distinct: counts.reduce((sum, count, id) => sum + (id >= FIRST_KNOWN && count > 0 ? 1 : 0), 0),
      once: counts.reduce((sum, count, id) => sum + (id >= FIRST_KNOWN && count === 1 ? 1 : 0), 0),
      forgotten: tokens.forgotten,
      ...coverage && { vectors: coverage },
    },
    vectors: vectors && {
      first: kept.length + FIRST_KNOWN,
      width: vectors.width,
      ofRows: covered.length,
      values: rowsOf(vectors, [...words.slice(kept.length), ...others].map((word) => places.get(word)!)),
    },
  };
}

function rowsOf({ width, values }: WordVectors, places: readonly number[]): Float32Array {
  const rows = new Float32Array(places.length * width);
  places.forEach((place, row) => rows.set(values.subarray(place * width, (place + 1) * width), row * width));
  return rows;
}
