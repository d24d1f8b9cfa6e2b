/** Copies some rows of a tensor to another: the twin of kernels/assembly/vectors/copy_rows.ts. */
#include "../kernels.gen.h"
#include "rows.h"

void KERNEL(copyRows)(uint8_t *memory, uint32_t rows, int32_t count, int32_t width, int32_t height, uint32_t from,
                      uint32_t to) {
  const size_t bytes = 4 * (size_t)width;
  for (int32_t i = 0; i < count; i++) {
    const size_t early = bytes * earlyRow(memory + rows, i, count);
    fetch(memory + from + early, bytes);
    fetch(memory + to + early, bytes);
    const uint32_t row = (uint32_t)loadInt(memory + rows + 4 * (size_t)i);
    if (row < (uint32_t)height) memcpy(memory + to + row * bytes, memory + from + row * bytes, bytes);
  }
}
