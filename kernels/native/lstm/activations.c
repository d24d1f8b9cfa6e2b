/** Applies activations to whole arrays. */
#include "activations.h"

#include "../kernels.gen.h"

INLINE void each(uint8_t *memory, uint32_t from, uint32_t to, int32_t count, Floats (*activation)(Floats)) {
  const uint8_t *source = memory + from;
  uint8_t *target = memory + to;
  int32_t left = count;
  for (; left >= LANES; left -= LANES, source += VECTOR_BYTES, target += VECTOR_BYTES) {
    store(target, activation(load(source)));
  }
  if (left > 0) storePart(target, (size_t)left, activation(loadPart(source, (size_t)left)));
}

void KERNEL(tanhArray)(uint8_t *memory, uint32_t from, uint32_t to, int32_t count) {
  each(memory, from, to, count, tanhOf);
}

void KERNEL(sigmoidArray)(uint8_t *memory, uint32_t from, uint32_t to, int32_t count) {
  each(memory, from, to, count, sigmoidOf);
}

void KERNEL(expArray)(uint8_t *memory, uint32_t from, uint32_t to, int32_t count) {
  each(memory, from, to, count, expOf);
}
