/**
 * Finds the tokens of a text in it. Tokens may be spelled differently: in lower case, without accents or invisible
 * characters, or with the marks of a tokenizer of Hugging Face.
 */

/** Where a token begins and ends in the text, in UTF-16 units. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** Characters of a text that are searched: some, more for each unit of the tokens, and a limit. */
const CHARACTERS = 8192;
const MORE_CHARACTERS = 16;
const MOST_CHARACTERS = 65_536;

/** Letters that are searched for a token, and those for all tokens for each letter of the text. */
const FARTHEST = 256;
const MOST_STEPS = 16;

/** A character with all that belongs to it: accents, and the parts of a Korean syllable. */
const CLUSTER = /[^][\p{M}\p{Default_Ignorable_Code_Point}\u1160-\u11FF]*/gu;
const DROPPED = /[\p{M}\p{Default_Ignorable_Code_Point}]+/gu;
const LETTER = /[\p{L}\p{N}]/u;
/** Tokenizers of Hugging Face write these before the tokens that begin or continue a word. */
const MARK = /^(?:##|[Ġ▁])/;

/** Returns what stays the same in all spellings. */
function looseForm(text: string): string {
  return text.normalize("NFKD").toLowerCase().replaceAll(DROPPED, "").replaceAll("ς", "σ").replaceAll(/\s/g, " ");
}

/**
 * Returns the place of each of `tokens`, which follow each other in `text`; undefined for one that is not found. They are the
 * last ones of the text if `isEnd`.
 */
export function placesOf(text: string, tokens: readonly (string | undefined)[], isEnd: boolean): (Place | undefined)[] {
  const units = tokens.reduce((sum, token) => sum + (token?.length ?? 0), 0);
  const most = Math.min(MOST_CHARACTERS, CHARACTERS + MORE_CHARACTERS * units);
  const offset = isEnd ? Math.max(0, text.length - most) : 0;
  const clusters = Array.from(text.slice(offset, offset + most).matchAll(CLUSTER), ({ 0: own, index }) => ({
    start: offset + index,
    end: offset + index + own.length,
    form: looseForm(own),
  }));
  if (!isEnd) return search(clusters, tokens.map((token) => token && formsOf(token)));
  // The last token is searched first, backward.
  const mirrored = clusters.toReversed().map((one) => ({ ...one, form: reversed(one.form) }));
  const forms = tokens.map((token) => token && formsOf(token).map(reversed)).toReversed();
  return search(mirrored, forms).toReversed();
}

interface Cluster extends Place {
  readonly form: string;
}

function formsOf(token: string): string[] {
  return [looseForm(token), looseForm(token.replace(MARK, ""))].filter((form) => form !== "");
}

function reversed(text: string): string {
  return Array.from({ length: text.length }, (_, index) => text[text.length - 1 - index]).join("");
}

function search(
  clusters: readonly Cluster[],
  tokens: readonly (readonly string[] | string | undefined)[],
): (Place | undefined)[] {
  let from = 0;
  let steps = MOST_STEPS * clusters.length;
  return tokens.map((forms) => {
    let letters = 0;
    for (let at = from; forms && at < clusters.length && letters < FARTHEST && steps-- > 0; at++) {
      for (const form of forms) {
        const end = endOf(clusters, at, form);
        if (end === undefined) continue;
        const [a, b] = [clusters[at]!, clusters[end - 1]!];
        from = end;
        return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
      }
      if (LETTER.test(clusters[at]!.form)) letters++;
    }
    return undefined;
  });
}

/** Returns the cluster after the last of those that spell `form` from `at` on; undefined if they do not. */
function endOf(clusters: readonly Cluster[], at: number, form: string): number | undefined {
  if (clusters[at]!.form === "") return undefined;
  for (let length = 0; length < form.length; at++) {
    const own = clusters[at]?.form;
    if (own === undefined || !form.startsWith(own, length)) return undefined;
    length += own.length;
  }
  return at;
}
