/**
 * Chooses the scale that makes probabilities of scores: temperature scaling (Guo et al., "On calibration of modern neural
 * networks", ICML 2017).
 */
import { logLoss } from "../data/metrics.ts";
import { scoresOf, softmax } from "./model.ts";

/** Scales of the scores: from 1/2 to 32. */
const SCALES = Array.from({ length: 25 }, (_, step) => 2 ** (step / 4 - 1));
/** Scale without rows to choose it by. */
const USUAL_SCALE = 4;
/** Rows between two calls of `stopped`. */
const STOP_EVERY = 256;

/** Rows with their classes and what these weigh. */
interface Labelled {
  readonly labels: Uint16Array;
  readonly classes: number;
  readonly classWeights: Float32Array | undefined;
  readonly stopped: () => boolean;
}

/** Finds the scale with the lowest loss, weighted by class; undefined if it was stopped. */
export function bestScale(
  { labels, classes, classWeights, stopped }: Labelled,
  rows: Uint32Array,
  scores: Float32Array,
): { readonly scale: number; readonly loss: number } | undefined {
  const [width, own] = [scoresOf(classes), new Float64Array(classes)];
  let best = { scale: USUAL_SCALE, loss: Infinity };
  for (const scale of rows.length > 0 ? SCALES : []) {
    let [loss, total] = [0, 0];
    for (let at = 0; at < rows.length; at++) {
      if (at % STOP_EVERY === 0 && stopped()) return undefined;
      const row = rows[at]!;
      softmax(scores, at * width, scale, own);
      const weight = classWeights?.[labels[row]!] ?? 1;
      loss += weight * smoothedLoss(own[labels[row]!]!, rows.length, classes);
      total += weight;
    }
    if (loss / total < best.loss) best = { scale, loss: loss / total };
  }
  return best;
}

/**
 * Returns the cross-entropy of a row whose own class has `probability`, as if there were one more row than `rows`, of an
 * unknown class: few rows cannot prove a probability of 0 or 1 (Platt, "Probabilistic outputs for support vector
 * machines", 1999).
 */
export function smoothedLoss(probability: number, rows: number, classes: number): number {
  const doubt = 1 / (rows + 2);
  const others = (1 - probability) / Math.max(1, classes - 1);
  return (1 - doubt) * logLoss(probability) + doubt * logLoss(others);
}
