/** Defines the loss and the predicted class of a row. */

/**
 * Smaller probabilities count as this one, so that one certain mistake does not make a loss infinite. It is the least
 * float32 above 0: predictions are float32, so they cannot be smaller without being 0.
 */
const LEAST_PROBABILITY = 2 ** -149;

/** Returns the cross-entropy, in nats, of a row whose own class was predicted with `probability`. */
export function logLoss(probability: number): number {
  return -Math.log(Math.max(probability, LEAST_PROBABILITY));
}

/**
 * Returns the predicted class of the row whose probabilities are the `width` numbers from `first` on: the position of the
 * greatest, counted from `first`, and the lowest position of equals.
 */
export function mostProbable(probabilities: ArrayLike<number>, first = 0, width = probabilities.length): number {
  let best = 0;
  for (let k = 1; k < width; k++) if (probabilities[first + k]! > probabilities[first + best]!) best = k;
  return best;
}

/** Log-odds beyond this say no more: a float32 below 1 has no greater ones. */
const MOST_LOG_ODDS = 16;

/** Returns log(p / (1 - p)) of a probability, the inverse of `sigmoid`, from -16 to 16. */
export function logOdds(probability: number): number {
  const odds = Math.log(probability) - Math.log1p(-probability);
  return Math.max(-MOST_LOG_ODDS, Math.min(MOST_LOG_ODDS, odds));
}

/** Returns the probability of a label whose score is `score`, where a row may have several labels. */
export function sigmoid(score: number): number {
  return 1 / (1 + Math.exp(-score));
}

/** The least probability of a label that a row gets, where it may have several and no other threshold is known. */
export const USUAL_THRESHOLD = 0.5;
