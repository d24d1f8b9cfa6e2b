import type { PoolingMode } from "./mode.ts";

/** Takes the mean of the states over a row's real tokens. */
export const mean: PoolingMode = {
  takesLast: false,
  hasWinners: false,

  forward(kernels, { rows, length, panels, starts, states, stateRow }, to) {
    kernels.poolMean(states, stateRow, rows, length, panels, starts, to, stateRow);
  },

  backward(kernels, { rows, length, panels, starts }, gradient, to, seriesBytes) {
    kernels.poolMeanBackward(gradient, rows, length, panels, starts, to, seriesBytes);
    return to;
  },
};
