/**
 * Computes the binary cross-entropies of independent sigmoids: kernels/assembly/head/sigmoid.ts says what they are, and in
 * which order it adds. The probabilities of predictions stay WebAssembly, as those of softmax.
 */
#include "../kernels.gen.h"
#include "logits.h"

/** Panels whose losses have one logarithm. */
#define PANELS 32

/** Returns whether the first of the greatest logits of a row is one of its labels, which ascend. */
static int isHit(uint8_t *row, size_t panelBytes, float top, const uint8_t *label, const uint8_t *end) {
  for (; label < end; label += 4) {
    const int32_t number = loadInt(label);
    if (loadFloat(classAt(row, panelBytes, number)) != top) continue;
    for (int32_t other = 0; other < number; other++) {
      if (loadFloat(classAt(row, panelBytes, other)) == top) return 0;
    }
    return 1;
  }
  return 0;
}

/** Returns the logarithm of the product of all lanes. */
INLINE double logOfLanes(Floats4 v) {
  return logarithm(((double)v[0] * (double)v[1]) * ((double)v[2] * (double)v[3]));
}

INLINE Floats4 positiveOf(Floats4 x) {
  for (int lane = 0; lane < 4; lane++) x[lane] = x[lane] < 0 ? 0 : x[lane];
  return x;
}

double KERNEL(sigmoidCrossEntropy)(uint8_t *memory, uint32_t logits, int32_t rows, int32_t panels, uint32_t labels,
                                   uint32_t offsets, float scale, uint32_t correct) {
  const size_t panelBytes = 32 * (size_t)rows;
  const Floats4 one = {1, 1, 1, 1};
  double loss = 0;
  int32_t hits = 0;
  Rows of;
  for (size_t first = 0; first < (size_t)rows; first += ROWS) {
    const size_t some = (size_t)rows - first < ROWS ? (size_t)rows - first : ROWS;
    uint8_t *block = memory + logits + 32 * first;
    const uint8_t *begins[ROWS + 1];
    double own[ROWS], sums[ROWS];
    Floats4 products[ROWS], positives[ROWS];
    findTops(block, panelBytes, panels, some, &of);
    for (size_t row = 0; row <= some; row++) {
      begins[row] = memory + labels + 4 * (size_t)loadInt(memory + offsets + 4 * (first + row));
    }
    for (size_t row = 0; row < some; row++) {
      hits += isHit(block + 32 * row, panelBytes, of.tops[row], begins[row], begins[row + 1]);
      own[row] = sums[row] = 0;
      for (const uint8_t *label = begins[row]; label < begins[row + 1]; label += 4) {
        own[row] += (double)loadFloat(classAt(block + 32 * row, panelBytes, loadInt(label)));
      }
      products[row] = one;
      positives[row] = (Floats4){0};
    }
    uint8_t *panelAt = block;
    for (int32_t panel = 1; panel <= panels; panel++, panelAt += panelBytes) {
      float decays[8 * ROWS];
      for (size_t row = 0; row < some; row++) {
        const uint8_t *at = panelAt + 32 * row;
        positives[row] = positives[row] + (positiveOf(loadFour(at)) + positiveOf(loadFour(at + 16)));
      }
      for (size_t at = 0; at < 32 * some; at += VECTOR_BYTES) {
        const size_t left = 8 * some - at / 4, lanes = left < LANES ? left : LANES;
        const Floats x = loadFirst(panelAt + at, lanes);
        const Floats decay = expOf(choose(isLess(spread(0), x), -x, x));
        const Floats high = spread(1) / (spread(1) + decay);
        storeFirst((uint8_t *)decays + at, lanes, decay);
        storeFirst(panelAt + at, lanes, choose(isLess(x, spread(0)), decay * high, high) * spread(scale));
      }
      for (size_t row = 0; row < some; row++) {
        const Floats4 low = loadFour(decays + 8 * row), high = loadFour(decays + 8 * row + 4);
        products[row] = products[row] * ((one + low) * (one + high));
        if (panel % PANELS > 0) continue;
        sums[row] += logOfLanes(products[row]);
        products[row] = one;
      }
    }
    for (size_t row = 0; row < some; row++) {
      const Floats4 positive = positives[row];
      const float sum = (positive[0] + positive[1]) + (positive[2] + positive[3]);
      loss += sums[row] + logOfLanes(products[row]) + (double)sum - own[row];
      for (const uint8_t *label = begins[row]; label < begins[row + 1]; label += 4) {
        uint8_t *at = classAt(block + 32 * row, panelBytes, loadInt(label));
        storeFloat(at, loadFloat(at) - scale);
      }
    }
  }
  storeInt(memory + correct, loadInt(memory + correct) + hits);
  return loss;
}
