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

/** What to average: `into[i] = Σ_s coefficients[s] · vectors[s][i]` for i from `begin` to `end - 1`. */
export interface AverageOptions {
  readonly vectors: readonly Float32Array[];
  /** Each vector's weight in the mean; float32. */
  readonly coefficients: Float32Array;
  readonly into: Float32Array;
  readonly begin: number;
  readonly end: number;
  /** Whether to sum the squared distances of all vectors from the mean. */
  readonly drift: boolean;
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
  /**
   * The weighted mean as a fixed binary tree over the vectors, the same bits for every engine: see `tree_mean.ts`.
   * Returns Σ (vector - mean)², or 0 without `drift`.
   */
  average(options: AverageOptions): number;
  /** Class probabilities `[batch.size, classes]`, row-major, in an array of the caller's own. */
  predict(weights: Float32Array, batch: Batch): Float32Array;
  /** Loss and hits of `batch` at `weights`. */
  evaluate(weights: Float32Array, batch: Batch): BatchMetrics;
  dispose(): void;
}
