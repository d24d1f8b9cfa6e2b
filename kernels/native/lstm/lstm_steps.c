/** Runs the LSTM over rows that may be padded: kernels/assembly/lstm/lstm_steps.ts describes the arrays. */
#include "../matrices/products.h"
#include "cells.h"

/** Returns how many rows a step processes: all up to the last that has begun. Without `starts` it is all rows. */
static int32_t rowsBegun(const uint8_t *starts, int32_t step, int32_t rows) {
  if (starts == NULL) return rows;
  while (rows > 0 && loadInt(starts + 4 * (size_t)(rows - 1)) > step) rows--;
  return rows;
}

/** Sets `count` rows of eight, `stride` bytes apart, to 0. */
static void clear(uint8_t *at, size_t stride, int32_t count) {
  for (int32_t i = 0; i < count; i++, at += stride) memset(at, 0, 32);
}

void KERNEL(lstmSteps)(uint8_t *memory, uint32_t at) {
  const LstmStepsCall *call = (const LstmStepsCall *)(memory + at);
  const int32_t rows = call->rows, panels = call->panels;
  const size_t rowBytes = 32 * (size_t)rows, seriesBytes = call->seriesBytes, gateBytes = (size_t)panels * seriesBytes;
  const uint8_t *starts = call->starts == 0 ? NULL : memory + call->starts;
  const bool isProjected = call->slots != 0;
  uint8_t *gates = memory + call->gates, *cells = memory + call->cells, *tanhs = memory + call->tanhs;
  Matrix past, states = {memory + call->states, 32, call->stateRow};
  for (int32_t step = 0; step < call->length; step++, past = states, states.at += states.row * (size_t)rows) {
    const size_t stepBytes = (size_t)step * rowBytes;
    const int32_t begun = rowsBegun(starts, step, rows);
    const Matrix stepGates = {gates + stepBytes, seriesBytes, 32};
    const Matrix projected = {memory + call->projected, 32, call->projectedRow}, from = isProjected ? projected : stepGates;
    const Index slots = {isProjected ? memory + call->slots + 4 * (size_t)step : NULL, call->slotsStride};
    if (step > 0) {
      product(from, slots, past, memory + (uint32_t)call->recurrent, 8 * panels, stepGates, begun, 4 * panels);
    } else if (isProjected) {
      pick(from, slots, stepGates, begun, 4 * panels);
    }
    for (size_t panel = 0; panel < (size_t)panels; panel++) {
      const size_t shift = panel * seriesBytes + stepBytes;
      cellForward(step > 0, rowBytes, 32 * (size_t)begun, gates + shift, gateBytes, cells + shift, tanhs + shift,
                  states.at + 32 * panel, states.row);
    }
    for (int32_t row = 0; starts != NULL && row < rows; row++) {
      if (loadInt(starts + 4 * (size_t)row) <= step) continue;
      const size_t shift = stepBytes + 32 * (size_t)row;
      clear(gates + shift, seriesBytes, 4 * panels);
      clear(cells + shift, seriesBytes, panels);
      clear(tanhs + shift, seriesBytes, panels);
      clear(states.at + (size_t)row * states.row, 32, panels);
    }
  }
}

void KERNEL(lstmStepsBackward)(uint8_t *memory, uint32_t at) {
  const LstmStepsBackwardCall *call = (const LstmStepsBackwardCall *)(memory + at);
  const int32_t rows = call->rows, panels = call->panels;
  const size_t rowBytes = 32 * (size_t)rows, seriesBytes = call->seriesBytes, gateBytes = (size_t)panels * seriesBytes;
  const size_t gradientStep = call->gradientStep;
  const uint8_t *starts = call->starts == 0 ? NULL : memory + call->starts;
  uint8_t *gates = memory + call->gates, *cells = memory + call->cells, *tanhs = memory + call->tanhs;
  uint8_t *cellGradient = memory + call->cellGradient;
  memset(cellGradient, 0, (size_t)panels * rowBytes);
  for (int32_t step = call->length - 1; step >= 0; step--) {
    const size_t stepBytes = (size_t)step * rowBytes;
    const int32_t begun = rowsBegun(starts, step, rows);
    uint8_t *gradient = memory + call->stateGradients + (size_t)step * gradientStep;
    for (size_t panel = 0; panel < (size_t)panels; panel++) {
      const size_t shift = panel * seriesBytes + stepBytes;
      cellBackward(step > 0, rowBytes, 32 * (size_t)begun, gates + shift, gateBytes, cells + shift, tanhs + shift,
                   gradient + panel * call->gradientPanel, cellGradient + panel * rowBytes);
    }
    if (step == 0) break;
    const Matrix zeros = {memory + call->zeros, 0, 0}, earlier = {gradient - gradientStep, call->gradientPanel, 32};
    product(gradientStep == 0 ? zeros : earlier, (Index){NULL, 0}, (Matrix){gates + stepBytes, seriesBytes, 32},
            memory + (uint32_t)call->recurrentT, 32 * panels, earlier, rowsBegun(starts, step - 1, rows), panels);
  }
}
