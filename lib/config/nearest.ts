/** Longer words are nobody's slip of a known one, and their distances would take as long as their length squared. */
const LONGEST_COMPARED = 64;

/**
 * The `names` of several words that `word` stands for: those with its words, written out or cut (`label` and `col` for
 * `label-column`), else those with its letters as initials (`lr` for `learning-rate`), else the nearest one.
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
  const best = initials[0] ?? nearest(word, names);
  return best === undefined ? [] : [best];
}

/** Names that are offered at once. */
const MOST_MEANT = 3;

/** The words of `batch-size`, `batchSize` or `batch_size`. */
function wordsOf(name: string): readonly string[] {
  return name.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase().split(/[-_]/).filter((word) => word !== "");
}

/** The candidate closest to `word` by edit distance, if it is close enough to have been meant. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > LONGEST_COMPARED) return undefined;
  const limit = Math.min(Math.max(2, Math.floor(word.length / 3)), word.length - 1);
  let best: string | undefined;
  let least = limit + 1;
  for (const candidate of candidates) {
    // The distance is at least what one is longer than the other.
    if (Math.abs(candidate.length - word.length) >= least) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance: insertions, deletions and substitutions between `a` and `b`. */
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
