/**
 * What every engine does: gradients, optimizer steps and predictions on flat float32 vectors whose layout comes from
 * `model/layout.ts`. An engine owns no weights; what it is given it reads and writes in place. It is synchronous,
 * and the same input gives the same bits every time.
 */
import type { Batch, BatchMetrics } from "../data/batch.ts";

/** What the optimizer moves. Each is `[layout.size]`. */
export interface Replica {
  readonly weights: Float32Array;
  /** Adam's running mean of the gradients. */
  readonly m: Float32Array;
  /** Adam's running mean of the squared gradients. */
  readonly v: Float32Array;
}

/** One optimizer step over the elements `begin` to `end - 1`. */
export interface UpdateOptions {
  /** Adam's t, from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** What gradients are multiplied with first: 1, or the clipping factor. */
  readonly scale: number;
  readonly begin: number;
  readonly end: number;
}

export interface Engine {
  /** For people and for the record: `tfjs/wasm`, `simd`. */
  readonly name: string;
  /**
   * Writes the gradient of the mean cross-entropy of `batch` at `weights` to `out` (`[layout.size]`, gaps 0), and
   * returns the batch's sums before the step.
   */
  gradients(weights: Float32Array, batch: Batch, out: Float32Array): BatchMetrics;
  /**
   * The squared L2 norm of `gradients[begin..end)`, each tensor counted `multiplicity` times. Summed in double
   * precision in element order.
   */
  squaredNorm(gradients: Float32Array, begin: number, end: number): number;
  /** Adam (Kingma & Ba, 2015) as PyTorch has it: reads `from`, writes `into`, which may be the same. */
  update(from: Replica, gradients: Float32Array, into: Replica, options: UpdateOptions): void;
  /** Class probabilities `[batch.size, classes]`, row-major, in an array of the caller's own. */
  predict(weights: Float32Array, batch: Batch): Float32Array;
  /** Loss and hits of `batch` at `weights`. */
  evaluate(weights: Float32Array, batch: Batch): BatchMetrics;
  dispose(): void;
}
