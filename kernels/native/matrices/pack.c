/** Packs weights into panels and unpacks them: the twins of kernels/assembly/matrices/pack.ts. */
#include "../kernels.gen.h"
#include "../vectors.h"

typedef float Floats4 __attribute__((vector_size(16)));
typedef int32_t Ints4 __attribute__((vector_size(16)));

/** Panels that are copied together, if a run has as many: whole cache lines of the row-major matrix. */
#define TOGETHER 4

/** Copies `rows` rows of one panel of 1 to 8 columns, or of TOGETHER whole ones that lie `panel` bytes apart in `panels`. */
INLINE void copyPanels(int isPacking, uint8_t *panels, size_t panel, uint8_t *matrix, size_t matrixRow, int32_t rows,
                       int32_t width) {
  for (int32_t row = 0; row < rows; row++, panels += 32, matrix += matrixRow) {
    if (width < 8) {
      for (size_t j = 0; j < 4 * (size_t)width; j += 4) {
        if (isPacking) storeFloat(panels + j, loadFloat(matrix + j));
        else storeFloat(matrix + j, loadFloat(panels + j));
      }
    } else {
      for (size_t i = 0; i < (size_t)(width / 8); i++) {
        if (isPacking) memcpy(panels + i * panel, matrix + 32 * i, 32);
        else memcpy(matrix + 32 * i, panels + i * panel, 32);
      }
    }
  }
}

/** Copies between a row-major matrix [rows, groups · width] and panels that are `height` rows tall. */
INLINE void copyColumns(int isPacking, uint8_t *panels, int32_t height, uint8_t *matrix, int32_t rows, int32_t groups,
                        int32_t width) {
  const size_t panel = 32 * (size_t)height, matrixRow = 4 * (size_t)groups * (size_t)width;
  for (int32_t group = 0; group < groups; group++) {
    for (int32_t left = width, some; left > 0; left -= some) {
      // The compiler unrolls the loops of each.
      if (left >= 8 * TOGETHER) copyPanels(isPacking, panels, panel, matrix, matrixRow, rows, some = 8 * TOGETHER);
      else if (left >= 8) copyPanels(isPacking, panels, panel, matrix, matrixRow, rows, some = 8);
      else copyPanels(isPacking, panels, panel, matrix, matrixRow, rows, some = left);
      panels += panel * (size_t)((some + 7) / 8);
      matrix += 4 * (size_t)some;
    }
  }
}

void KERNEL(packColumns)(uint8_t *memory, uint32_t from, int32_t rows, int32_t groups, int32_t width, uint32_t to,
                         int32_t toRows) {
  copyColumns(1, memory + to, toRows, memory + from, rows, groups, width);
}

void KERNEL(unpackColumns)(uint8_t *memory, uint32_t from, int32_t fromRows, uint32_t to, int32_t rows, int32_t groups,
                           int32_t width) {
  copyColumns(0, memory + from, fromRows, memory + to, rows, groups, width);
}

INLINE Floats4 load4(const uint8_t *from) {
  Floats4 x;
  memcpy(&x, from, sizeof x);
  return x;
}

INLINE void store4(uint8_t *to, Floats4 x) { memcpy(to, &x, sizeof x); }

/** Transposes a 4 × 4 block whose rows are `stride` bytes apart to rows 32 bytes apart. */
INLINE void transpose4(const uint8_t *from, size_t stride, uint8_t *to) {
  const Floats4 a = load4(from), b = load4(from + stride), c = load4(from + 2 * stride), d = load4(from + 3 * stride);
  const Floats4 ab = SHUFFLE(Ints4, a, b, 0, 4, 1, 5), cd = SHUFFLE(Ints4, c, d, 0, 4, 1, 5);
  const Floats4 ef = SHUFFLE(Ints4, a, b, 2, 6, 3, 7), gh = SHUFFLE(Ints4, c, d, 2, 6, 3, 7);
  store4(to, SHUFFLE(Ints4, ab, cd, 0, 1, 4, 5));
  store4(to + 32, SHUFFLE(Ints4, ab, cd, 2, 3, 6, 7));
  store4(to + 64, SHUFFLE(Ints4, ef, gh, 0, 1, 4, 5));
  store4(to + 96, SHUFFLE(Ints4, ef, gh, 2, 3, 6, 7));
}

void KERNEL(packRows)(uint8_t *memory, uint32_t from, int32_t rows, int32_t groups, int32_t width, uint32_t to) {
  const size_t stride = 4 * (size_t)groups * (size_t)width, padded = ((size_t)width + 7) & ~(size_t)7;
  uint8_t *panel = memory + to;
  for (int32_t row = 0; row < rows; row += 8, panel += 32 * (size_t)groups * padded) {
    const int32_t left = rows - row < 8 ? rows - row : 8;
    for (int32_t group = 0; group < groups; group++) {
      const uint8_t *source = memory + from + stride * (size_t)row + 4 * (size_t)(group * width);
      uint8_t *target = panel + 32 * (size_t)group * padded;
      int32_t column = 0;
      for (; left == 8 && column + 4 <= width; column += 4, source += 16, target += 128) {
        transpose4(source, stride, target);
        transpose4(source + 4 * stride, stride, target + 16);
      }
      for (; column < width; column++, source += 4, target += 32) {
        for (size_t j = 0; j < (size_t)left; j++) storeFloat(target + 4 * j, loadFloat(source + j * stride));
      }
    }
  }
}
