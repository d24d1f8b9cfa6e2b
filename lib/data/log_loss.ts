/**
 * Probabilities below this count as this, so that one certain mistake does not make a loss infinite. It is the least that
 * float32 holds above 0: what predicts is float32, and says nothing finer.
 */
const LEAST_PROBABILITY = 2 ** -149;

/** Cross-entropy, in nats, of a row whose own class was given `probability`: the one definition for all that has rows. */
export function logLoss(probability: number): number {
  return -Math.log(Math.max(probability, LEAST_PROBABILITY));
}
