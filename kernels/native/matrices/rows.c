/** Picks rows of matrices by number, and sums over rows: the twins of kernels/assembly/matrices/rows.ts and sums.ts. */
#include "products.h"

void pick(Matrix from, Index index, Matrix to, int32_t rows, int32_t panels) {
  for (size_t row = 0; row < (size_t)rows; row++, to.at += to.row) {
    const uint8_t *source = rowAt(from, index, row);
    uint8_t *target = to.at;
    for (int32_t panel = 0; panel < panels; panel++, source += from.stride, target += to.stride) {
      storeRow(target, loadRow(source));
    }
  }
}

void pickSums(Matrix from, Index index, Matrix other, Index otherIndex, Matrix to, int32_t rows, int32_t panels) {
  for (size_t row = 0; row < (size_t)rows; row++, to.at += to.row) {
    const uint8_t *a = rowAt(from, index, row), *b = rowAt(other, otherIndex, row);
    uint8_t *target = to.at;
    for (int32_t panel = 0; panel < panels; panel++, a += from.stride, b += other.stride, target += to.stride) {
      storeRow(target, loadRow(a) + loadRow(b));
    }
  }
}

void KERNEL(pickRows)(uint8_t *memory, uint32_t from, uint32_t fromStride, uint32_t fromRow, uint32_t index,
                      uint32_t indexStride, uint32_t to, uint32_t toStride, uint32_t toRow, int32_t rows,
                      int32_t panels) {
  pick((Matrix){memory + from, fromStride, fromRow}, (Index){index == 0 ? NULL : memory + index, indexStride},
       (Matrix){memory + to, toStride, toRow}, rows, panels);
}

void KERNEL(addIndexedRows)(uint8_t *memory, uint32_t from, uint32_t index, int32_t count, int32_t panels,
                            uint32_t panelBytes, uint32_t to) {
  for (int32_t panel = 0; panel < panels; panel++, from += panelBytes, to += panelBytes) {
    uint8_t *target = memory + to;
    for (int32_t n = 0; n < count; n++, target += 32) {
      const uint32_t row = (uint32_t)loadInt(memory + index + 4 * (size_t)n);
      storeRow(target, loadRow(target) + loadRow(memory + from + 32 * (size_t)row));
    }
  }
}

/** Panels that are summed together, so that enough sums are under way. */
#define SUMMED_PANELS 8
#define SUMMED_VECTORS (8 * SUMMED_PANELS / LANES)

void KERNEL(columnSums)(uint8_t *memory, uint32_t from, uint32_t fromStride, uint32_t fromRow, int32_t panels,
                        int32_t rows, uint32_t to) {
  const uint8_t *source = memory + from;
  uint8_t *target = memory + to;
  for (; panels >= SUMMED_PANELS; panels -= SUMMED_PANELS) {
    Floats sums[SUMMED_VECTORS];
    const uint8_t *at = source;
    for (size_t i = 0; i < SUMMED_VECTORS; i++) sums[i] = loadEights(target, 32, i);
    for (int32_t row = 0; row < rows; row++, at += fromRow) {
      for (size_t i = 0; i < SUMMED_VECTORS; i++) sums[i] += loadEights(at, fromStride, i);
    }
    for (size_t i = 0; i < SUMMED_VECTORS; i++) storeEights(target, 32, i, sums[i]);
    source += SUMMED_PANELS * (size_t)fromStride;
    target += 32 * SUMMED_PANELS;
  }
  for (; panels > 0; panels--, source += fromStride, target += 32) {
    Floats8 sum = loadRow(target);
    const uint8_t *at = source;
    for (int32_t row = 0; row < rows; row++, at += fromRow) sum += loadRow(at);
    storeRow(target, sum);
  }
}

void KERNEL(zero)(uint8_t *memory, uint32_t at, uint32_t bytes) { memset(memory + at, 0, bytes); }
