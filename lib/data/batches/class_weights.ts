import type { TrainingConfig } from "../../config/schema.ts";
import type { Batch } from "./batch.ts";

/** `[classes]`: what a row of each class counts in the loss, by `choice`; undefined where all count the same. */
export function classWeightsOf(
  choice: TrainingConfig["classWeights"],
  labels: Uint16Array,
  classes: number,
): Float32Array | undefined {
  return choice === "balanced" ? balancedWeights(labels, classes) : undefined;
}

/**
 * Each class's weight, for labels that are not equally frequent: rows / (classes · rows of the class), as scikit-learn's
 * `balanced` has it, where classes without rows do not count. Theirs is 0.
 */
export function balancedWeights(labels: Uint16Array, classes: number): Float32Array {
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label]!++;
  const present = counts.filter((count) => count > 0).length;
  return Float32Array.from(counts, (count) => count > 0 ? labels.length / (present * count) : 0);
}

/** The weights of a batch's rows together, in double precision: its size if all classes are alike. */
export function lossWeight(
  { size, labels }: Pick<Batch, "size" | "labels">,
  classWeights: Float32Array | undefined,
): number {
  if (!classWeights) return size;
  let sum = 0;
  for (let row = 0; row < size; row++) sum += classWeights[labels[row]!]!;
  return sum;
}
