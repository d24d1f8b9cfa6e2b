/** Runs the LSTM forward: kernels/assembly/lstm/lstm_forward.ts describes the arrays. */
#include "../matrices/products.h"
#include "cells.h"

void KERNEL(lstmFirst)(uint8_t *memory, uint32_t at) {
  const LstmFirstCall *call = (const LstmFirstCall *)(memory + at);
  const int32_t count = call->count, panels = call->panels;
  const size_t rowBytes = 32 * (size_t)count, gateBytes = (size_t)panels * rowBytes;
  uint8_t *gates = memory + call->gates, *cells = memory + call->cells, *tanhs = memory + call->tanhs;
  const Matrix states = {memory + call->states, 32, call->stateRow};
  const Matrix projected = {memory + call->projected, 32, call->projectedRow};
  pick(projected, (Index){memory + call->slotOfFirst, 4}, (Matrix){gates, rowBytes, 32}, count, 4 * panels);
  for (size_t panel = 0; panel < (size_t)panels; panel++) {
    const size_t shift = panel * rowBytes;
    cellForward(false, rowBytes, rowBytes, gates + shift, gateBytes, cells + shift, tanhs + shift,
                states.at + 32 * panel, states.row);
  }
  product((Matrix){memory + call->zeros, 0, 0}, (Index){NULL, 0}, states, memory + (uint32_t)call->recurrent, 8 * panels,
          (Matrix){memory + call->recurrentParts, rowBytes, 32}, count, 4 * panels);
}

void KERNEL(lstmForward)(uint8_t *memory, uint32_t at) {
  const LstmForwardCall *call = (const LstmForwardCall *)(memory + at);
  const int32_t rows = call->rows, length = call->length, panels = call->panels;
  const size_t rowBytes = 32 * (size_t)rows, seriesBytes = call->seriesBytes, gateBytes = (size_t)panels * seriesBytes;
  const size_t firstStride = 32 * (size_t)call->firstCount, slotsStride = 4 * (size_t)length;
  uint8_t *gates = memory + call->gates, *cells = memory + call->cells, *tanhs = memory + call->tanhs;
  const uint8_t *recurrent = memory + (uint32_t)call->recurrent;
  const Matrix projected = {memory + call->projected, 32, call->projectedRow};
  const Index firsts = {memory + call->firsts, 4};
  Matrix states = {memory + call->states, 32, call->stateRow};
  pick((Matrix){memory + call->firstCells, firstStride, 32}, firsts, (Matrix){cells, seriesBytes, 32}, rows, panels);
  if (length == 1) pick((Matrix){memory + call->firstStates, 32, states.row}, firsts, states, rows, panels);
  for (size_t step = 1; step < (size_t)length; step++) {
    const Matrix past = states, stepGates = {gates + step * rowBytes, seriesBytes, 32};
    const Index slots = {memory + call->slots + 4 * step, slotsStride};
    states.at += states.row * (size_t)rows;
    if (step == 1) {
      const Matrix recurrentParts = {memory + call->recurrentParts, firstStride, 32};
      pickSums(projected, slots, recurrentParts, firsts, stepGates, rows, 4 * panels);
    } else {
      product(projected, slots, past, recurrent, 8 * panels, stepGates, rows, 4 * panels);
    }
    for (size_t panel = 0; panel < (size_t)panels; panel++) {
      const size_t shift = panel * seriesBytes + step * rowBytes;
      cellForward(true, rowBytes, rowBytes, gates + shift, gateBytes, cells + shift, tanhs + shift,
                  states.at + 32 * panel, states.row);
    }
  }
}
