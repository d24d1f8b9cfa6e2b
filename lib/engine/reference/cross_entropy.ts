import type { Batch, BatchMetrics } from "../../data/batches/batch.ts";
import { lossWeight } from "../../data/batches/class_weights.ts";

/** A batch that is only predicted has none. */
const NO_LABELS = new Int32Array();

/**
 * Computes the softmax cross-entropy of the first `size` rows of `logits` (`[size, classes]`) against `labels` in double
 * precision, after subtracting each row's maximum, so that no exponential overflows. Writes each row's probabilities to
 * `probabilities` (`[size, classes]`). Equal logits count as the lowest class.
 */
export function crossEntropy(
  logits: Float32Array,
  labels: Int32Array,
  size: number,
  classes: number,
  probabilities: Float32Array,
): BatchMetrics {
  const metrics = { lossSum: 0, correct: 0 };
  for (let row = 0; row < size; row++) {
    const start = row * classes;
    const label = labels[row]!;
    let best = 0;
    for (let k = 1; k < classes; k++) if (logits[start + k]! > logits[start + best]!) best = k;
    const max = logits[start + best]!;
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(logits[start + k]! - max);
    for (let k = 0; k < classes; k++) probabilities[start + k] = Math.exp(logits[start + k]! - max) / sum;
    metrics.lossSum += Math.log(sum) + max - logits[start + label]!;
    if (best === label) metrics.correct++;
  }
  return metrics;
}

/**
 * Turns `probabilities` (`[size, classes]`) into the gradient of the mean cross-entropy by the logits, in place. Weights the
 * mean with `classWeights`, if given.
 */
export function logitGradients(
  probabilities: Float32Array,
  batch: Pick<Batch, "size" | "labels">,
  classes: number,
  classWeights?: Float32Array,
): void {
  const { size, labels } = batch;
  const total = lossWeight(batch, classWeights);
  for (let row = 0; row < size; row++) {
    const label = labels[row]!;
    const share = (classWeights?.[label] ?? 1) / total;
    for (let k = 0; k < classes; k++) {
      const index = row * classes + k;
      probabilities[index] = (probabilities[index]! - (k === label ? 1 : 0)) * share;
    }
  }
}

/**
 * Computes the binary cross-entropies of independent sigmoids, in double precision, for the first `size` rows of `logits`
 * (`[size, classes]`). Writes each row's probabilities to `probabilities` (`[size, classes]`).
 */
export function binaryCrossEntropy(
  logits: Float32Array,
  { labels, labelOffsets = NO_LABELS, size }: Pick<Batch, "labels" | "labelOffsets" | "size">,
  classes: number,
  probabilities: Float32Array,
): BatchMetrics {
  const metrics = { lossSum: 0, correct: 0 };
  for (let row = 0; row < size; row++) {
    const start = row * classes;
    let best = 0;
    for (let k = 0; k < classes; k++) {
      const logit = logits[start + k]!;
      if (logit > logits[start + best]!) best = k;
      const decay = Math.exp(-Math.abs(logit));
      metrics.lossSum += Math.max(logit, 0) + Math.log1p(decay);
      probabilities[start + k] = (logit < 0 ? decay : 1) / (1 + decay);
    }
    for (let at = labelOffsets[row] ?? 0; at < (labelOffsets[row + 1] ?? 0); at++) {
      metrics.lossSum -= logits[start + labels[at]!]!;
      if (labels[at] === best) metrics.correct++;
    }
  }
  return metrics;
}

/** Turns `probabilities` (`[size, classes]`) into the gradient of the mean over rows of their binary cross-entropies, in place. */
export function binaryGradients(
  probabilities: Float32Array,
  { labels, labelOffsets = NO_LABELS, size }: Pick<Batch, "labels" | "labelOffsets" | "size">,
  classes: number,
): void {
  for (let row = 0; row < size; row++) {
    for (let at = labelOffsets[row] ?? 0; at < (labelOffsets[row + 1] ?? 0); at++) {
      probabilities[row * classes + labels[at]!]! -= 1;
    }
  }
  for (let i = 0; i < size * classes; i++) probabilities[i]! /= size;
}
