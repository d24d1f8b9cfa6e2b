import type { TrainingConfig } from "../../config/schema.ts";
import type { Batch } from "./batch.ts";

/** Returns the weight of a row of each class in the loss, `[classes]`; undefined if all are equal. */
export function classWeightsOf(
  choice: TrainingConfig["classWeights"],
  labels: Uint16Array,
  classes: number,
): Float32Array | undefined {
  return choice === "balanced" ? balancedWeights(labels, classes) : undefined;
}

/**
 * Returns the weights rows / (classes · rows of the class), like scikit-learn's `balanced`. Classes without rows do not
 * count, and have the weight 0.
 */
function balancedWeights(labels: Uint16Array, classes: number): Float32Array {
  const counts = countLabels(labels, classes);
  const present = counts.filter((count) => count > 0).length;
  return Float32Array.from(counts, (count) => count > 0 ? labels.length / (present * count) : 0);
}

/** Counts the rows of each class, `[classes]`. */
export function countLabels(labels: Uint16Array, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label]!++;
  return counts;
}

/** Returns the sum of the weights of a batch's rows, in double precision: its size without class weights. */
export function lossWeight(
  { size, labels }: Pick<Batch, "size" | "labels">,
  classWeights: Float32Array | undefined,
): number {
  if (!classWeights) return size;
  let sum = 0;
  for (let row = 0; row < size; row++) sum += classWeights[labels[row]!]!;
  return sum;
}
