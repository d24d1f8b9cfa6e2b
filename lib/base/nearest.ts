/** Longer words are no misspelling of a known one, and the time to compare them grows with the square of their length. */
const LONGEST_COMPARED = 64;

/**
 * Guesses which of `names` were meant by `word`: those that share its words, in full or shortened (`label` and `col` for
 * `label-column`), otherwise those with its letters as initials (`lr` for `learning-rate`), otherwise the nearest one.
 */
export function meantNames(word: string, names: readonly string[]): readonly string[] {
  if (word.length > LONGEST_COMPARED) return [];
  const typed = wordsOf(word);
  const fits = (word: string, whole: string) =>
    word === whole || word === `${whole}s` || word.length > 2 && whole.startsWith(word);
  const sharing = typed.length === 0 ? [] : names.filter((name) => {
    const whole = wordsOf(name);
    return typed.every((a) => whole.some((b) => fits(a, b))) || whole.every((b) => typed.some((a) => fits(a, b)));
  });
  const beginning = sharing.filter((name) => wordsOf(name).join("").startsWith(typed.join("")));
  if (sharing.length > 0) return (beginning.length > 0 ? beginning : sharing).slice(0, MOST_MEANT);
  const initials = names.filter((name) => wordsOf(name).length > 1 && wordsOf(name).map(([a]) => a).join("") === word);
  if (initials.length > 0) return initials.slice(0, MOST_MEANT);
  const best = nearest(word, names);
  return best === undefined ? [] : [best];
}

/** Limits the suggestions. */
const MOST_MEANT = 3;

/** Splits `batch-size`, `batchSize` or `batch_size` into its words. */
function wordsOf(name: string): readonly string[] {
  return name.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase().split(/[-_]/).filter((word) => word !== "");
}

/** Returns the candidate with the smallest edit distance from `word`, if it is close enough to be a misspelling. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > LONGEST_COMPARED) return undefined;
  const limit = Math.min(Math.max(2, Math.floor(word.length / 3)), word.length - 1);
  let best: string | undefined;
  let least = limit + 1;
  for (const candidate of candidates) {
    // The distance is at least the difference of the lengths.
    if (Math.abs(candidate.length - word.length) >= least) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Counts the insertions, deletions and substitutions between `a` and `b` (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
