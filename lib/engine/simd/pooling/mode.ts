/** What a way of pooling over time is to the simd engine. Each has a file of its own beside this one. */
import type { SimdKernels } from "../bindings.gen.ts";

/** The states of one direction of the last layer in one chunk. */
export interface PooledPart {
  readonly rows: number;
  /** Time steps. */
  readonly length: number;
  /** Panels of a state. */
  readonly panels: number;
  /** Where the rows' first steps are, int32 [rows]; 0 if all begin at step 0. */
  readonly starts: number;
  /** Whether the direction is the backward one. */
  readonly backward: boolean;
  /** States [length][rows][·], with `stateRow` bytes from row to row. */
  readonly states: number;
  readonly stateRow: number;
  /** Steps that maxima come from, int32 [panels][rows][8]: room for those modes that have winners. */
  readonly winners: number;
}

export interface PoolingMode {
  /** Whether it takes the states of the last step, so that gradients come to these only. */
  readonly takesLast: boolean;
  /** Whether it needs `winners`. */
  readonly hasWinners: boolean;
  /** Writes what the dense layer gets, [rows][·], to `to`. */
  forward(kernels: SimdKernels, part: PooledPart, to: number): void;
  /**
   * From `gradient`, [panels][rows][8], of what the dense layer got to those of the states, [panels][length][rows][8] at
   * `to` with `seriesBytes` from panel to panel. Returns where they are: at `to`, or if `takesLast` those of the last step.
   */
  backward(kernels: SimdKernels, part: PooledPart, gradient: number, to: number, seriesBytes: number): number;
}
