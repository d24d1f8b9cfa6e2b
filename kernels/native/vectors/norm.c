/** Computes squared L2 norms in double precision: the twins of kernels/assembly/vectors/norm.ts and norm_rows.ts. */
#include "../kernels.gen.h"
#include "rows.h"

/** Vectors that hold eight partial sums. */
#define PARTS (16 / LANES)

/** Element i is added to partial sum i % 8, and the partial sums pairwise. */
static double squares(const uint8_t *from, int32_t count) {
  Doubles sums[PARTS] = {{0}};
  for (; count >= 8; count -= 8, from += 32) {
    UNROLL for (size_t i = 0; i < PARTS; i++) {
      const Doubles x = loadDoubles(from + 32 / PARTS * i);
      sums[i] += x * x;
    }
  }
  double s[8];
  memcpy(s, sums, sizeof s);
  double total = ((s[0] + s[2]) + (s[4] + s[6])) + ((s[1] + s[3]) + (s[5] + s[7]));
  for (; count > 0; count--, from += 4) {
    const double x = loadFloat(from);
    total += x * x;
  }
  return total;
}

double KERNEL(squaredNorm)(uint8_t *memory, uint32_t from, int32_t count) { return squares(memory + from, count); }

double KERNEL(squaredNormRows)(uint8_t *memory, uint32_t rows, int32_t count, int32_t width, int32_t begin, int32_t end,
                               uint32_t from, double sum) {
  const size_t bytes = 4 * (size_t)width;
  for (int32_t i = 0; i < count; i++) {
    fetch(memory + from + bytes * earlyRow(memory + rows, i, count), bytes);
    const int32_t row = loadInt(memory + rows + 4 * (size_t)i);
    if (row < 0 || row > end / width) continue;
    const int32_t first = row * width > begin ? row * width : begin;
    const int32_t last = (row + 1) * width < end ? (row + 1) * width : end;
    if (first < last) sum += squares(memory + from + 4 * (size_t)first, last - first);
  }
  return sum;
}
