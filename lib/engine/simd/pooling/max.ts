import type { PoolingMode } from "./mode.ts";

/** Takes the maximum of each component over a row's real tokens; of equal maxima the one at the lowest position. */
export const max: PoolingMode = {
  takesLast: false,
  hasWinners: true,

  forward(kernels, { rows, length, panels, starts, backward, states, stateRow, winners }, to) {
    kernels.poolMax(states, stateRow, rows, length, panels, starts, backward ? 1 : 0, to, stateRow, winners);
  },

  backward(kernels, { rows, length, panels, winners }, gradient, to, seriesBytes) {
    kernels.poolMaxBackward(gradient, winners, rows, length, panels, to, seriesBytes);
    return to;
  },
};
