/**
 * Finds the n-grams of a row, which are the features of a linear model. A token is a feature of its own; longer n-grams
 * share hashed features. Exported models run this file in browsers: plain JavaScript without its types.
 */

export interface GramSpace {
  /** Length of the longest n-grams. */
  readonly order: number;
  /** Tokens from 0 to `tokens - 1` are features of the same number. */
  readonly tokens: number;
  /** All other n-grams are hashed to features from `tokens` to `features - 1`. */
  readonly features: number;
}

export interface GramSpaceOptions {
  /** Tokens are from 0 to `vocabulary - 1`. */
  readonly vocabulary: number;
  readonly classes: number;
  /** Tokens of all rows together. */
  readonly totalTokens: number;
}

/** A vocabulary this small has characters or events, whose meaning depends on their neighbours. */
const SMALL_VOCABULARY = 512;
/** Most weights of a model: 64 MiB. */
const MOST_WEIGHTS = 2 ** 24;

/**
 * Chooses pairs of words, or up to four characters or events. There are four times as many features as different n-grams
 * (if memory allows), so few n-grams share one. Three words lost 0.2 to 1.6 points of accuracy on every data set tried;
 * up to 3 or 5 characters lost 0.5 and 0.4 against 4.
 */
export function gramSpace({ vocabulary, classes, totalTokens }: GramSpaceOptions): GramSpace {
  const order = vocabulary <= SMALL_VOCABULARY ? 4 : 2;
  const most = 2 ** Math.floor(Math.log2(MOST_WEIGHTS / classes));
  const tokens = Math.min(vocabulary, most / 2);
  const wanted = 2 ** Math.ceil(Math.log2(4 * (order - 1) * totalTokens + 1024));
  return { order, tokens, features: tokens + Math.min(wanted, most / 2) };
}

/**
 * Returns the function that finds the features of `tokens[begin..end)`, each once, in a view that is valid until the next
 * call. If n-grams may be longer than two tokens, they may also include a mark at either end of the row: the end of a
 * word is more significant than the end of a sentence.
 */
export function createGramFinder(
  { order, tokens: known, features }: GramSpace,
): (tokens: ArrayLike<number>, begin: number, end: number) => Int32Array {
  const hashed = features - known;
  const stamps = new Uint32Array(features);
  let stamp = 0;
  let found = new Int32Array(256);
  let count = 0;

  function add(feature: number): void {
    if (stamps[feature] === stamp) return;
    stamps[feature] = stamp;
    found[count++] = feature;
  }

  return (tokens, begin, end) => {
    const length = end - begin;
    const room = order * (length + 2);
    if (found.length < room) found = new Int32Array(2 * room);
    if (++stamp === 2 ** 32) {
      stamps.fill(0);
      stamp = 1;
    }
    count = 0;
    for (let i = begin; i < end; i++) {
      const token = tokens[i]!;
      add(token < known ? token : known + hash(mix(0, token)) % hashed);
    }
    const margin = order > 2 ? 1 : 0;
    const at = (i: number) => i < begin ? -1 : i < end ? tokens[i]! : -2;
    for (let i = begin - margin; i < end + margin; i++) {
      let state = mix(0, at(i));
      for (let n = 2; n <= order && i + n <= end + margin; n++) {
        state = mix(state, at(i + n - 1));
        add(known + hash(state) % hashed);
      }
    }
    return found.subarray(0, count);
  };
}

/** Computes one round of MurmurHash3's 32-bit hash (Appleby, 2011). */
function mix(state: number, word: number): number {
  let k = Math.imul(word, 0xCC9E2D51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1B873593);
  const h = state ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xE6546B64) | 0;
}

/** Finalizes the hash: mixes all bits of the state, and returns a whole number from 0 to 2^32 - 1. */
function hash(state: number): number {
  let h = Math.imul(state ^ (state >>> 16), 0x85EBCA6B);
  h = Math.imul(h ^ (h >>> 13), 0xC2B2AE35);
  return (h ^ (h >>> 16)) >>> 0;
}
