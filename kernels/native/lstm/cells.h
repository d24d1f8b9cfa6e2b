/** Runs one panel of one step of the LSTM: kernels/assembly/lstm/lstm_forward.ts and lstm_backward.ts have the formulas. */
#ifndef LOCKSTEP_CELLS_H
#define LOCKSTEP_CELLS_H

#include <stdbool.h>

#include "activations.h"

/** Computes the gates and the cells of some lanes. */
INLINE void gatesAndCells(bool hasPast, size_t rowBytes, uint8_t *gate, size_t gateBytes, uint8_t *cell, size_t lanes) {
  uint8_t *pi = gate, *pf = pi + gateBytes, *pg = pf + gateBytes, *po = pg + gateBytes;
  const Floats i = sigmoidOf(loadFirst(pi, lanes)), f = sigmoidOf(loadFirst(pf, lanes));
  const Floats g = tanhOf(loadFirst(pg, lanes)), o = sigmoidOf(loadFirst(po, lanes));
  Floats c = i * g;
  if (hasPast) c = madd(f, loadFirst(cell - rowBytes, lanes), c);
  storeFirst(pi, lanes, i);
  storeFirst(pf, lanes, f);
  storeFirst(pg, lanes, g);
  storeFirst(po, lanes, o);
  storeFirst(cell, lanes, c);
}

/** Runs the rows in the first `usedBytes` of the panel's `rowBytes`. */
INLINE void cellForward(
    bool hasPast, size_t rowBytes, size_t usedBytes, uint8_t *gate, size_t gateBytes, uint8_t *cell, uint8_t *tanhs,
    uint8_t *state, size_t stateRow) {
  const size_t whole = usedBytes & -(size_t)VECTOR_BYTES, left = (usedBytes - whole) / 4;
  for (size_t at = 0; at < whole; at += VECTOR_BYTES) {
    gatesAndCells(hasPast, rowBytes, gate + at, gateBytes, cell + at, LANES);
  }
  if (left > 0) gatesAndCells(hasPast, rowBytes, gate + whole, gateBytes, cell + whole, left);
  // This is a separate loop because tanh c would make the processor wait for the quotients of the gates.
  const uint8_t *output = gate + 3 * gateBytes;
  for (size_t at = 0; at < whole; at += VECTOR_BYTES) {
    const Floats t = tanhOf(load(cell + at));
    store(tanhs + at, t);
    storeEights(state, stateRow, at / VECTOR_BYTES, load(output + at) * t);
  }
  if (left > 0) {
    const Floats t = tanhOf(loadPart(cell + whole, left));
    storePart(tanhs + whole, left, t);
    storePart(state + whole / 32 * stateRow, left, loadPart(output + whole, left) * t);
  }
}

/** Computes the gradients of some lanes. */
INLINE void lanesBackward(
    bool hasPast, size_t rowBytes, uint8_t *gate, size_t gateBytes, const uint8_t *cell, const uint8_t *tanhs,
    const uint8_t *stateGradient, uint8_t *cellGradient, size_t lanes) {
  const Floats one = spread(1);
  uint8_t *pi = gate, *pf = pi + gateBytes, *pg = pf + gateBytes, *po = pg + gateBytes;
  const Floats i = loadFirst(pi, lanes), f = loadFirst(pf, lanes), g = loadFirst(pg, lanes), o = loadFirst(po, lanes);
  const Floats t = loadFirst(tanhs, lanes), dh = loadFirst(stateGradient, lanes);
  const Floats past = hasPast ? loadFirst(cell - rowBytes, lanes) : spread(0);
  // dL/dc = dh · o · (1 - tanh² c) + the gradient from the next step.
  const Floats dho = dh * o;
  const Floats dc = madd(dho, nmadd(t, t, one), loadFirst(cellGradient, lanes));
  const Floats dci = dc * i, dcf = dc * f;
  // σ' = σ (1 - σ), tanh' = 1 - tanh².
  storeFirst(pi, lanes, dci * g * (one - i));
  storeFirst(pf, lanes, dcf * past * (one - f));
  storeFirst(pg, lanes, dci * nmadd(g, g, one));
  storeFirst(po, lanes, dho * t * (one - o));
  storeFirst(cellGradient, lanes, dcf);
}

/** Runs the rows in the first `usedBytes` of the panel's `rowBytes`. */
INLINE void cellBackward(
    bool hasPast, size_t rowBytes, size_t usedBytes, uint8_t *gate, size_t gateBytes, const uint8_t *cell,
    const uint8_t *tanhs, const uint8_t *stateGradient, uint8_t *cellGradient) {
  const size_t whole = usedBytes & -(size_t)VECTOR_BYTES, left = (usedBytes - whole) / 4;
  for (size_t at = 0; at < whole; at += VECTOR_BYTES) {
    lanesBackward(
        hasPast, rowBytes, gate + at, gateBytes, cell + at, tanhs + at, stateGradient + at, cellGradient + at, LANES);
  }
  if (left > 0) {
    lanesBackward(
        hasPast, rowBytes, gate + whole, gateBytes, cell + whole, tanhs + whole, stateGradient + whole,
        cellGradient + whole, left);
  }
}

#endif
