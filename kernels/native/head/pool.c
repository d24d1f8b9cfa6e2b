/** Pools a row's states over its own steps: kernels/assembly/head/pool_max.ts and pool_mean.ts say what each kernel does. */
#include <math.h>
#include <stdbool.h>

#include "../kernels.gen.h"
#include "../vectors.h"

/** Returns the first step of a row: 0 without `starts`. */
INLINE int32_t startOf(const uint8_t *memory, uint32_t starts, size_t row) {
  return starts == 0 ? 0 : loadInt(memory + starts + 4 * row);
}

/** Returns how many vectors hold `panels`, of which the last may be half full. */
INLINE size_t vectorsOf(int32_t panels) { return (8 * (size_t)panels + LANES - 1) / LANES; }

/** Returns how many lanes of vector number `index` of `panels` are in use. */
INLINE size_t lanesOf(int32_t panels, size_t index) {
  const size_t left = 8 * (size_t)panels - LANES * index;
  return left < LANES ? left : LANES;
}

/** Stores lanes of a row in panels, `stride` bytes apart. */
INLINE void storePanels(uint8_t *at, size_t stride, size_t index, size_t lanes, Floats x) {
  if (lanes == LANES) storeEights(at, stride, index, x);
  else storeEight(at + LANES / 8 * index * stride, x);
}

/** Returns the greater value, NaN if one is NaN, and 0 of 0 and -0. */
INLINE Floats maximum(Floats a, Floats b) {
  const Floats equal = (Floats)((Ints)a & (Ints)b);
  const Floats most = choose(isEqual(a, b), equal, choose(isLess(a, b), b, a));
  return choose(isEqual(b, b), most, b);
}

/** Finds the maxima of some lanes of a row, and their steps. */
INLINE void maxOf(const uint8_t *states, size_t stepBytes, int32_t start, int32_t length, bool backward, size_t lanes,
                  Floats *most, Ints *winners) {
  *most = spread(-INFINITY);
  *winners = spreadInt(0);
  for (int32_t count = start; count < length; count++) {
    const int32_t step = backward ? start + length - 1 - count : count;
    const Floats next = loadFirst(states + stepBytes * (size_t)step, lanes);
    *winners = (Ints)choose(isLess(*most, next), (Floats)spreadInt(step), (Floats)*winners);
    *most = maximum(*most, next);
  }
}

void KERNEL(poolMax)(uint8_t *memory, uint32_t states, uint32_t stateRow, int32_t rows, int32_t length, int32_t panels,
                     uint32_t starts, uint32_t backward, uint32_t to, uint32_t toRow, uint32_t winners) {
  const size_t rowBytes = 32 * (size_t)rows, stepBytes = (size_t)stateRow * (size_t)rows;
  for (size_t row = 0; row < (size_t)rows; row++) {
    const int32_t start = startOf(memory, starts, row);
    for (size_t i = 0; i < vectorsOf(panels); i++) {
      const uint8_t *source = memory + states + stateRow * row + VECTOR_BYTES * i;
      const size_t lanes = lanesOf(panels, i);
      Floats most;
      Ints steps;
      if (lanes == LANES) maxOf(source, stepBytes, start, length, backward != 0, LANES, &most, &steps);
      else maxOf(source, stepBytes, start, length, backward != 0, lanes, &most, &steps);
      storePanels(memory + winners + 32 * row, rowBytes, i, lanes, (Floats)steps);
      storeFirst(memory + to + toRow * row + VECTOR_BYTES * i, lanes, most);
    }
  }
}

void KERNEL(poolMaxBackward)(uint8_t *memory, uint32_t gradient, uint32_t winners, int32_t rows, int32_t length,
                             int32_t panels, uint32_t to, uint32_t panelBytes) {
  const size_t rowBytes = 32 * (size_t)rows;
  for (size_t panel = 0; panel < (size_t)panels; panel++) {
    const uint8_t *from = memory + gradient + panel * rowBytes, *wins = memory + winners + panel * rowBytes;
    uint8_t *target = memory + to + panel * panelBytes;
    for (int32_t step = 0; step < length; step++, target += rowBytes) {
      for (size_t at = 0; at < rowBytes; at += VECTOR_BYTES) {
        const size_t left = (rowBytes - at) / 4, lanes = left < LANES ? left : LANES;
        const Mask won = intsEqual((Ints)loadFirst(wins + at, lanes), spreadInt(step));
        storeFirst(target + at, lanes, choose(won, loadFirst(from + at, lanes), spread(0)));
      }
    }
  }
}

void KERNEL(poolMean)(uint8_t *memory, uint32_t states, uint32_t stateRow, int32_t rows, int32_t length, int32_t panels,
                      uint32_t starts, uint32_t to, uint32_t toRow) {
  const size_t stepBytes = (size_t)stateRow * (size_t)rows;
  for (size_t row = 0; row < (size_t)rows; row++) {
    const int32_t start = startOf(memory, starts, row);
    const float share = 1 / (float)(length - start);
    for (size_t i = 0; i < vectorsOf(panels); i++) {
      const size_t shift = VECTOR_BYTES * i, lanes = lanesOf(panels, i);
      const uint8_t *source = memory + states + stateRow * row + stepBytes * (size_t)start + shift;
      Floats sum = spread(0);
      for (int32_t step = start; step < length; step++, source += stepBytes) sum = sum + loadFirst(source, lanes);
      storeFirst(memory + to + toRow * row + shift, lanes, sum * spread(share));
    }
  }
}

void KERNEL(poolMeanBackward)(uint8_t *memory, uint32_t gradient, int32_t rows, int32_t length, int32_t panels,
                              uint32_t starts, uint32_t to, uint32_t panelBytes) {
  const size_t rowBytes = 32 * (size_t)rows;
  for (size_t panel = 0; panel < (size_t)panels; panel++) {
    for (size_t row = 0; row < (size_t)rows; row++) {
      const int32_t start = startOf(memory, starts, row);
      const float share = 1 / (float)(length - start);
      const Floats8 mean = loadRow(memory + gradient + panel * rowBytes + 32 * row) * share;
      uint8_t *target = memory + to + panel * panelBytes + 32 * row;
      for (int32_t step = 0; step < length; step++, target += rowBytes) storeRow(target, step < start ? (Floats8){0} : mean);
    }
  }
}
