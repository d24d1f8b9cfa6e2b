/**
 * Decides which config is tried on which split, and which one is the best: successive halving (Jamieson and Talwalkar,
 * "Non-stochastic best arm identification", AISTATS 2016) whose resource is the number of validation splits. All of it is
 * a function of the results, so that a resumed search decides the same.
 *
 * Config 0 has no changes. It takes part in every split, so that the others are compared with it on the same rows.
 */

/** One training: a config, and the validation split and weights that it draws by its seed. Both count from 0. */
export interface Trial {
  readonly candidate: number;
  readonly split: number;
}

export interface TrialResult extends Trial {
  /** The metric on the validation rows, greater for better models; null if the training failed. */
  readonly score: number | null;
}

/** Challengers of config 0 that remain after halving, and splits after which no more are tried. */
const [FINALISTS, MOST_SPLITS] = [2, 10];

/** Splits without which a difference says nothing about its own error. */
const FEWEST_SPLITS = 3;

/**
 * Lists the trials that come next, in order, without those that have a result. With `width` configs, a split has the better
 * half of the challengers of the one before, and all trials of that must be done. There is none after the last split.
 */
export function nextTrials(results: readonly TrialResult[], width: number): Trial[] {
  const done = new Set(results.map(keyOf));
  for (let split = 0; split < MOST_SPLITS; split++) {
    const open = contenders(results, width, split).map((candidate) => ({ candidate, split }))
      .filter((trial) => !done.has(keyOf(trial)));
    if (open.length > 0) return open;
  }
  return [];
}

/** Lists the configs of a split, given all results of those before it: config 0, then the challengers by number. */
export function contenders(results: readonly TrialResult[], width: number, split: number): number[] {
  let challengers = Array.from({ length: Math.max(0, width - 1) }, (_, index) => index + 1);
  for (let before = 0; before < split; before++) {
    const means = new Map(challengers.map((candidate) => [candidate, meanScore(results, candidate, before + 1)]));
    const kept = Math.max(FINALISTS, Math.ceil(challengers.length / 2));
    challengers = challengers.filter((candidate) => means.get(candidate) !== undefined)
      .sort((a, b) => means.get(b)! - means.get(a)! || a - b).slice(0, kept).sort((a, b) => a - b);
  }
  return challengers.length > 0 ? [0, ...challengers] : split === 0 ? [0] : [];
}

/** Returns the mean score of the first `splits` splits; undefined if one of them is missing or failed. */
function meanScore(results: readonly TrialResult[], candidate: number, splits: number): number | undefined {
  const scores = scoresOf(results, candidate);
  const first = Array.from({ length: splits }, (_, split) => scores.get(split));
  return first.every((score) => score !== undefined)
    ? first.reduce((sum, score) => sum + score, 0) / splits
    : undefined;
}

function scoresOf(results: readonly TrialResult[], candidate: number): Map<number, number> {
  return new Map(
    results.flatMap((one) => one.candidate === candidate && one.score !== null ? [[one.split, one.score]] : []),
  );
}

const keyOf = ({ candidate, split }: Trial) => `${candidate}/${split}`;

/** A config beside config 0, on the splits that both have. */
export interface Standing {
  readonly candidate: number;
  readonly splits: number;
  /** Mean score, and mean difference from config 0 on the same splits. */
  readonly score: number;
  readonly gain: number;
  /** Standard error of `gain`; null for fewer than two splits. */
  readonly error: number | null;
}

/**
 * Lists the configs with a score, those on more splits first, then by their gain.
 *
 * The training rows of two splits overlap, so their differences are not independent: the variance of the mean has a share
 * that more splits do not reduce, `share / (1 - share)` of that of one, with `share` the validation rows' share of all
 * (Nadeau and Bengio, "Inference for the generalization error", Machine Learning 52, 2003). If the validation rows are
 * the same in all splits, `share` is undefined, and the variance stays that of one at least.
 */
export function standings(results: readonly TrialResult[], share: number | undefined): Standing[] {
  const own = scoresOf(results, 0);
  const candidates = [...new Set(results.map(({ candidate }) => candidate))];
  return candidates.flatMap((candidate) => {
    const scores = [...scoresOf(results, candidate)].filter(([split]) => own.has(split));
    if (scores.length === 0) return [];
    const splits = scores.length;
    const score = scores.reduce((sum, [, value]) => sum + value, 0) / splits;
    const gains = scores.map(([split, value]) => value - own.get(split)!);
    const gain = gains.reduce((sum, value) => sum + value, 0) / splits;
    const variance = gains.reduce((sum, value) => sum + (value - gain) ** 2, 0) / (splits - 1);
    const overlap = share === undefined ? 1 : share / (1 - share);
    const error = splits > 1 ? Math.sqrt(variance * (1 / splits + overlap)) : null;
    return [{ candidate, splits, score, gain, error }];
  }).sort((a, b) => b.splits - a.splits || b.gain - a.gain || a.candidate - b.candidate);
}

/**
 * Chooses the config with the greatest gain of those on as many splits as any challenger, or one fewer, as the last split
 * may be incomplete. Its gain must be greater than its standard error, so that the luck of the best of many is no reason to
 * leave config 0.
 */
export function choose(all: readonly Standing[]): number {
  const challengers = all.filter(({ candidate }) => candidate !== 0);
  const most = Math.max(...challengers.map(({ splits }) => splits));
  const [best] = challengers.filter(({ splits }) => splits >= Math.max(FEWEST_SPLITS, most - 1))
    .sort((a, b) => b.gain - a.gain || a.candidate - b.candidate);
  return best && best.error !== null && best.gain > best.error ? best.candidate : 0;
}
