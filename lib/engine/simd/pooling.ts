/** Pools the states of the last layer over time. Each mode is a value of `MODES`; its kernels are in kernels/assembly/head. */
import type { Pooling } from "../../model/spec.ts";
import type { SimdKernels } from "./bindings.gen.ts";

/** Describes the states of one direction of the last layer in one chunk. */
export interface PooledPart {
  readonly rows: number;
  /** Counts the time steps. */
  readonly length: number;
  /** Counts the panels of a state. */
  readonly panels: number;
  /** The byte offset of the rows' first steps, int32 [rows]; 0 if all begin at step 0. */
  readonly starts: number;
  /** Is true for the backward direction. */
  readonly backward: boolean;
  /** The states, [length][rows][·], with `stateRow` bytes from row to row. */
  readonly states: number;
  readonly stateRow: number;
  /** The steps that maxima come from, int32 [panels][rows][8], for modes with winners. */
  readonly winners: number;
}

export interface PoolingMode {
  /** Is true if it uses only the states of the last step, so that only these have gradients. */
  readonly takesLast: boolean;
  /** Is true if it needs `winners`. */
  readonly hasWinners: boolean;
  /** Writes the input of the dense layer, [rows][·], to `to`. */
  forward(kernels: SimdKernels, part: PooledPart, to: number): void;
  /**
   * Computes the gradients of the states, [panels][length][rows][8] with `seriesBytes` from panel to panel, from `gradient`,
   * [panels][rows][8], that of the dense layer's input. Returns their byte offset: `to`, or that of those of the last step if
   * `takesLast`.
   */
  backward(kernels: SimdKernels, part: PooledPart, gradient: number, to: number, seriesBytes: number): number;
}

const MODES: Readonly<Record<Pooling, PoolingMode>> = {
  /** Takes each direction's state after its own last step. */
  last: {
    takesLast: true,
    hasWinners: false,
    forward(kernels, { rows, length, panels, states, stateRow }, to) {
      kernels.pickRows(states + stateRow * rows * (length - 1), 32, stateRow, 0, 0, to, 32, stateRow, rows, panels);
    },
    backward: (_kernels, _part, gradient) => gradient,
  },

  /** Takes the mean of the states over a row's real tokens. */
  mean: {
    takesLast: false,
    hasWinners: false,
    forward(kernels, { rows, length, panels, starts, states, stateRow }, to) {
      kernels.poolMean(states, stateRow, rows, length, panels, starts, to, stateRow);
    },
    backward(kernels, { rows, length, panels, starts }, gradient, to, seriesBytes) {
      kernels.poolMeanBackward(gradient, rows, length, panels, starts, to, seriesBytes);
      return to;
    },
  },

  /** Takes the maximum of each component over a row's real tokens; of equal maxima the one at the lowest position. */
  max: {
    takesLast: false,
    hasWinners: true,
    forward(kernels, { rows, length, panels, starts, backward, states, stateRow, winners }, to) {
      kernels.poolMax(states, stateRow, rows, length, panels, starts, backward ? 1 : 0, to, stateRow, winners);
    },
    backward(kernels, { rows, length, panels, winners }, gradient, to, seriesBytes) {
      kernels.poolMaxBackward(gradient, winners, rows, length, panels, to, seriesBytes);
      return to;
    },
  },
};

/** Returns how the simd engine pools. */
export function poolingMode(pooling: Pooling): PoolingMode {
  return MODES[pooling];
}
