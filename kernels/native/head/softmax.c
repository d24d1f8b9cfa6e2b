/**
 * Computes the cross-entropy of softmax: kernels/assembly/head/softmax.ts says what it is, and in which order it adds. The
 * probabilities of predictions stay WebAssembly, which is faster for the few rows that they mostly have.
 */
#include "../kernels.gen.h"
#include "logits.h"

/** Turns the logits of some rows into exp(logit - top), and sums each row. */
INLINE void exponentials(uint8_t *logits, size_t panelBytes, int32_t panels, size_t rows, Rows *of) {
  findTops(logits, panelBytes, panels, rows, of);
  const uint8_t *tops = (const uint8_t *)of->lanes;
  Floats4 sums[ROWS];
  for (size_t row = 0; row < rows; row++) sums[row] = (Floats4){0};
  for (int32_t panel = 0; panel < panels; panel++, logits += panelBytes) {
    for (size_t at = 0; at < 32 * rows; at += VECTOR_BYTES) {
      const size_t left = 8 * rows - at / 4, lanes = left < LANES ? left : LANES;
      storeFirst(logits + at, lanes, expOf(loadFirst(logits + at, lanes) - load(tops + at)));
    }
    for (size_t row = 0; row < rows; row++) {
      sums[row] = sums[row] + (loadFour(logits + 32 * row) + loadFour(logits + 32 * row + 16));
    }
  }
  for (size_t row = 0; row < rows; row++) of->sums[row] = (sums[row][0] + sums[row][1]) + (sums[row][2] + sums[row][3]);
}

/** Returns whether no class before `label` is a maximum too: whether its exp(logit - top) is not 1. */
static int isFirst(uint8_t *row, size_t panelBytes, int32_t label) {
  for (int32_t number = 0; number < label; number++) {
    if (loadFloat(classAt(row, panelBytes, number)) == 1) return 0;
  }
  return 1;
}

double KERNEL(softmaxCrossEntropy)(uint8_t *memory, uint32_t logits, int32_t rows, int32_t panels, uint32_t labels,
                                   float scale, uint32_t weights, uint32_t correct, uint32_t spare) {
  (void)spare;
  const size_t panelBytes = 32 * (size_t)rows;
  double loss = 0;
  int32_t hits = 0;
  Rows of;
  for (size_t first = 0; first < (size_t)rows; first += ROWS) {
    const size_t some = (size_t)rows - first < ROWS ? (size_t)rows - first : ROWS;
    uint8_t *block = memory + logits + 32 * first;
    int32_t numbers[ROWS];
    float chosen[ROWS], shares[ROWS];
    for (size_t row = 0; row < some; row++) {
      numbers[row] = loadInt(memory + labels + 4 * (first + row));
      chosen[row] = loadFloat(classAt(block + 32 * row, panelBytes, numbers[row]));
    }
    exponentials(block, panelBytes, panels, some, &of);
    for (size_t row = 0; row < some; row++) {
      const float top = of.tops[row], sum = of.sums[row];
      loss += logarithm((double)sum) + ((double)top - (double)chosen[row]);
      if (chosen[row] == top && isFirst(block + 32 * row, panelBytes, numbers[row])) hits++;
      shares[row] = weights == 0 ? scale : scale * loadFloat(memory + weights + 4 * (size_t)numbers[row]);
      setLanes(&of, row, shares[row] / sum);
    }
    const uint8_t *factors = (const uint8_t *)of.lanes;
    uint8_t *panelAt = block;
    for (int32_t panel = 0; panel < panels; panel++, panelAt += panelBytes) {
      for (size_t at = 0; at < 32 * some; at += VECTOR_BYTES) {
        const size_t left = 8 * some - at / 4, lanes = left < LANES ? left : LANES;
        storeFirst(panelAt + at, lanes, loadFirst(panelAt + at, lanes) * load(factors + at));
      }
    }
    for (size_t row = 0; row < some; row++) {
      uint8_t *at = classAt(block + 32 * row, panelBytes, numbers[row]);
      storeFloat(at, loadFloat(at) - shares[row]);
    }
  }
  storeInt(memory + correct, loadInt(memory + correct) + hits);
  return loss;
}
