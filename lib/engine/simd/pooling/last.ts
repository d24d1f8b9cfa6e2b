import type { PoolingMode } from "./mode.ts";

/** Takes each direction's state after its own last step. */
export const last: PoolingMode = {
  takesLast: true,
  hasWinners: false,

  forward(kernels, { rows, length, panels, states, stateRow }, to) {
    kernels.pickRows(states + stateRow * rows * (length - 1), 32, stateRow, 0, 0, to, 32, stateRow, rows, panels);
  },

  backward: (_kernels, _part, gradient) => gradient,
};
