/** Has what softmax.c and sigmoid.c share: rows of logits in panels, as kernels/assembly/head has them. */
#ifndef LOCKSTEP_LOGITS_H
#define LOCKSTEP_LOGITS_H

#include "../lstm/activations.h"

/** Rows that go through each loop together, so that few of them wait for each other. */
#define ROWS 16

typedef float Floats4 __attribute__((vector_size(16)));

INLINE Floats4 loadFour(const void *from) {
  Floats4 x;
  memcpy(&x, from, sizeof x);
  return x;
}

/** Holds numbers of each row, and one that is taken from or multiplied with its eight lanes. */
typedef struct {
  float tops[ROWS], sums[ROWS], lanes[ROWS][8];
} Rows;

/** Sets the eight lanes of a row. */
INLINE void setLanes(Rows *of, size_t row, float value) {
  for (int lane = 0; lane < 8; lane++) of->lanes[row][lane] = value;
}

/** Returns the natural logarithm of a positive normal number, operation by operation as the WebAssembly kernel does. */
INLINE double logarithm(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  int32_t exponent = (int32_t)(bits >> 52) - 1023;
  if (!(x > 0) || exponent == 1024) return x;
  const uint64_t mantissa = (bits & 0x000fffffffffffff) | 0x3ff0000000000000;
  double m;
  memcpy(&m, &mantissa, sizeof m);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  const double f = m - 1, s = f / (2 + f), z = s * s, w = z * z;
  const double odd =
      z * (0.6666666666666735130 + w * (0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860511658591)));
  const double even = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332));
  const double half = 0.5 * f * f, k = (double)exponent;
  return k * 6.93147180369123816490e-01 - ((half - (s * (half + (even + odd)) + k * 1.90821492927058770002e-10)) - f);
}

/** Finds the greatest of each row's logits, NaN if one is NaN. */
INLINE void findTops(const uint8_t *logits, size_t panelBytes, int32_t panels, size_t rows, Rows *of) {
  for (size_t row = 0; row < rows; row++) {
    float top = -INFINITY, sum = 0;
    const uint8_t *at = logits + 32 * row;
    for (int32_t panel = 0; panel < panels; panel++, at += panelBytes) {
      for (int lane = 0; lane < 8; lane++) {
        const float logit = loadFloat(at + 4 * lane);
        top = logit > top ? logit : top;
        sum += logit != logit;
      }
    }
    of->tops[row] = sum > 0 ? NAN : top;
    setLanes(of, row, of->tops[row]);
  }
}

/** Returns where a class of a row lies. */
INLINE uint8_t *classAt(uint8_t *row, size_t panelBytes, int32_t number) {
  return row + (size_t)(number >> 3) * panelBytes + 4 * (size_t)(number & 7);
}

#endif
