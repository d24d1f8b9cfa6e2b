/** Lists the measured sizes, and computes the work of a step of each. */

export interface Shape {
  /** Counts the sequences of a step on each core. */
  readonly batch: number;
  /** Counts the tokens of a sequence. */
  readonly length: number;
  readonly embedding: number;
  readonly hidden: number;
}

export const VOCABULARY = 50;
export const CLASSES = 2;

/** Lists the shapes from the smallest step to the largest. */
export const SHAPES: readonly Shape[] = [
  { batch: 50, length: 8, embedding: 32, hidden: 64 },
  { batch: 128, length: 8, embedding: 32, hidden: 64 },
  { batch: 512, length: 8, embedding: 32, hidden: 64 },
  { batch: 64, length: 64, embedding: 64, hidden: 128 },
  { batch: 512, length: 32, embedding: 64, hidden: 128 },
];

export function shapeName({ batch, length, embedding, hidden }: Shape): string {
  return `batch ${batch}, length ${length}, embedding ${embedding}, hidden ${hidden}`;
}

/**
 * Counts the floating-point operations of one sequence in a plain training step, a multiplication and an addition counted
 * as two: the input and the recurrent product of each of the four gates at every token, and the dense layer at the last
 * one. Backward takes each product twice more, once for the gradient of its input and once for that of its weights.
 * Element-wise work, the look-up and the optimizer are left out.
 *
 * An implementation that avoids some of these products is not charged less: the number says how much useful
 * work is done, and is the same for all that are compared.
 */
export function flopsPerSequence({ length, embedding, hidden }: Shape): number {
  const gates = 2 * (embedding + hidden) * 4 * hidden * length;
  const dense = 2 * hidden * CLASSES;
  return 3 * (gates + dense);
}

/** Counts the floating-point operations of a step of the shape's batch, on one core. */
export function flopsPerStep(shape: Shape): number {
  return shape.batch * flopsPerSequence(shape);
}
