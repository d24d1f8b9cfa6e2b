/** Runs the LSTM backward through time: kernels/assembly/lstm/lstm_backward.ts describes the arrays. */
#include "../matrices/products.h"
#include "cells.h"

void KERNEL(lstmBackward)(uint8_t *memory, uint32_t at) {
  const LstmBackwardCall *call = (const LstmBackwardCall *)(memory + at);
  const int32_t rows = call->rows, panels = call->panels;
  const size_t rowBytes = 32 * (size_t)rows, seriesBytes = call->seriesBytes, gateBytes = (size_t)panels * seriesBytes;
  uint8_t *gates = memory + call->gates, *cells = memory + call->cells, *tanhs = memory + call->tanhs;
  uint8_t *cellGradient = memory + call->cellGradient;
  const Matrix stateGradient = {memory + call->stateGradient, rowBytes, 32};
  memset(cellGradient, 0, (size_t)panels * rowBytes);
  for (int32_t step = call->length - 1; step > 0; step--) {
    uint8_t *stepGates = gates + (size_t)step * rowBytes;
    for (size_t panel = 0; panel < (size_t)panels; panel++) {
      const size_t shift = panel * seriesBytes + (size_t)step * rowBytes, gradient = panel * rowBytes;
      cellBackward(true, rowBytes, rowBytes, gates + shift, gateBytes, cells + shift, tanhs + shift,
                   stateGradient.at + gradient, cellGradient + gradient);
    }
    if (step == 1) break;
    product((Matrix){memory + call->zeros, 0, 0}, (Index){NULL, 0}, (Matrix){stepGates, seriesBytes, 32},
            memory + (uint32_t)call->recurrentT, 32 * panels, stateGradient, rows, panels);
  }
}

void KERNEL(lstmFirstBackward)(uint8_t *memory, uint32_t at) {
  const LstmFirstBackwardCall *call = (const LstmFirstBackwardCall *)(memory + at);
  const int32_t count = call->count, panels = call->panels;
  const size_t rowBytes = 32 * (size_t)count, gateBytes = (size_t)panels * rowBytes;
  uint8_t *gates = memory + call->gates, *cells = memory + call->cells, *tanhs = memory + call->tanhs;
  const Matrix stateGradient = {memory + call->stateGradient, rowBytes, 32};
  product(stateGradient, (Index){NULL, 0}, (Matrix){memory + call->gateSums, rowBytes, 32},
          memory + (uint32_t)call->recurrentT, 32 * panels, stateGradient, count, panels);
  for (size_t panel = 0; panel < (size_t)panels; panel++) {
    const size_t shift = panel * rowBytes;
    cellBackward(false, rowBytes, rowBytes, gates + shift, gateBytes, cells + shift, tanhs + shift,
                 stateGradient.at + shift, memory + call->cellGradient + shift);
  }
}
