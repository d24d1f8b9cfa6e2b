/** Runs the embedding layer: kernels/assembly/tokens/embedding.ts says what each kernel does. */
#include "../kernels.gen.h"
#include "../vectors/rows.h"

/** Panels that go through the rows together: fewer than in WebAssembly, as finding a token's sums costs less here. */
#define SUM_PANELS 8

void KERNEL(sumByToken)(uint8_t *memory, uint32_t values, uint32_t seriesBytes, int32_t panels, int32_t rows,
                        int32_t steps, uint32_t slots, uint32_t slotsStride, uint32_t sums, uint32_t sumsStride,
                        uint32_t sumsRow) {
  for (int32_t first = 0; first < panels; first += SUM_PANELS) {
    const int32_t some = panels - first < SUM_PANELS ? panels - first : SUM_PANELS;
    const uint8_t *position = memory + values + (size_t)first * seriesBytes;
    uint8_t *targets = memory + sums + (size_t)first * sumsStride;
    for (int32_t step = 0; step < steps; step++) {
      const uint8_t *slot = memory + slots + 4 * (size_t)step;
      for (int32_t row = 0; row < rows; row++, slot += slotsStride, position += 32) {
        const uint8_t *value = position;
        uint8_t *target = targets + (size_t)sumsRow * (uint32_t)loadInt(slot);
        for (int32_t panel = 0; panel < some; panel++, value += seriesBytes, target += sumsStride) {
          storeRow(target, loadRow(target) + loadRow(value));
        }
      }
    }
  }
}

/** Returns where the row with the number at `number` begins. */
INLINE uint8_t *rowOf(uint8_t *first, size_t bytes, const uint8_t *number) {
  return first + bytes * (uint32_t)loadInt(number);
}

void KERNEL(gatherRows)(uint8_t *memory, uint32_t from, int32_t width, uint32_t rows, int32_t count, uint32_t to,
                        uint32_t toRow) {
  const size_t bytes = 4 * (size_t)width;
  for (size_t slot = 0; slot < (size_t)count; slot++) {
    memcpy(memory + to + slot * toRow, rowOf(memory + from, bytes, memory + rows + 4 * slot), bytes);
  }
}

void KERNEL(scatterRows)(uint8_t *memory, uint32_t from, uint32_t fromRow, int32_t count, uint32_t rows, uint32_t to,
                         int32_t width) {
  const size_t bytes = 4 * (size_t)width;
  for (size_t slot = 0; slot < (size_t)count; slot++) {
    memcpy(rowOf(memory + to, bytes, memory + rows + 4 * slot), memory + from + slot * fromRow, bytes);
  }
}

/** Lists the rows of `from` that a vector is made of: its own one at `begin`, and the others up to `end`. */
typedef struct {
  const uint8_t *begin, *end;
  float share;
} Parts;

INLINE Parts partsOf(const uint8_t *memory, uint32_t offsets, uint32_t rows, uint32_t number) {
  const uint8_t *place = memory + offsets + 4 * (size_t)number;
  const uint8_t *begin = memory + rows + 4 * (size_t)(uint32_t)loadInt(place);
  const uint8_t *end = memory + rows + 4 * (size_t)(uint32_t)loadInt(place + 4);
  return (Parts){begin, end, 1 / (float)(uint32_t)((end - begin) / 4 - 1)};
}

/** Vectors of a list whose rows are fetched early. */
#define VECTORS_EARLY 4

/** Begins to load the rows that vector number `slot` of `numbers` is made of, if there is one. */
INLINE void fetchParts(uint8_t *memory, uint32_t from, size_t bytes, uint32_t offsets, uint32_t rows, uint32_t numbers,
                       size_t slot, int32_t count) {
  if (slot >= (size_t)count) return;
  const Parts parts = partsOf(memory, offsets, rows, (uint32_t)loadInt(memory + numbers + 4 * slot));
  for (const uint8_t *row = parts.begin; row < parts.end; row += 4) fetch(rowOf(memory + from, bytes, row), bytes);
}

/** Vectors of lanes whose sums stay in registers while the rows pass by. */
#define SUMS 4

/** Writes `vectors` of the lanes at `at`, of which the last has `lanes`: own + share · (the sum of the others). */
INLINE void compose(uint8_t *from, size_t bytes, Parts parts, uint8_t *to, size_t at, size_t vectors, size_t lanes) {
  Floats sums[SUMS];
  for (size_t i = 0; i < vectors; i++) sums[i] = spread(0);
  for (const uint8_t *row = parts.begin + 4; row < parts.end; row += 4) {
    const uint8_t *other = rowOf(from, bytes, row) + at;
    for (size_t i = 0; i < vectors; i++) sums[i] = sums[i] + loadFirst(other + VECTOR_BYTES * i, i + 1 < vectors ? LANES : lanes);
  }
  const uint8_t *own = rowOf(from, bytes, parts.begin) + at;
  for (size_t i = 0; i < vectors; i++) {
    const size_t some = i + 1 < vectors ? LANES : lanes;
    storeFirst(to + at + VECTOR_BYTES * i, some, loadFirst(own + VECTOR_BYTES * i, some) + sums[i] * spread(parts.share));
  }
}

void KERNEL(composeRows)(uint8_t *memory, uint32_t from, int32_t width, uint32_t offsets, uint32_t rows,
                         uint32_t numbers, int32_t count, uint32_t to, uint32_t toRow) {
  const size_t bytes = 4 * (size_t)width;
  for (size_t slot = 0; slot < (size_t)count; slot++) {
    fetchParts(memory, from, bytes, offsets, rows, numbers, slot + VECTORS_EARLY, count);
    const Parts parts = partsOf(memory, offsets, rows, (uint32_t)loadInt(memory + numbers + 4 * slot));
    uint8_t *target = memory + to + slot * toRow;
    if (parts.end - parts.begin == 4) {
      memcpy(target, rowOf(memory + from, bytes, parts.begin), bytes);
      continue;
    }
    size_t at = 0;
    for (; at + SUMS * VECTOR_BYTES <= bytes; at += SUMS * VECTOR_BYTES) {
      compose(memory + from, bytes, parts, target, at, SUMS, LANES);
    }
    for (; at + VECTOR_BYTES <= bytes; at += VECTOR_BYTES) compose(memory + from, bytes, parts, target, at, 1, LANES);
    if (at < bytes) compose(memory + from, bytes, parts, target, at, 1, (bytes - at) / 4);
  }
}

/** Adds a row times `share` to another. */
INLINE void addRow(const uint8_t *from, float share, uint8_t *to, size_t bytes) {
  size_t at = 0;
  for (; at + VECTOR_BYTES <= bytes; at += VECTOR_BYTES) store(to + at, load(to + at) + load(from + at) * spread(share));
  if (at == bytes) return;
  const size_t lanes = (bytes - at) / 4;
  storePart(to + at, lanes, loadPart(to + at, lanes) + loadPart(from + at, lanes) * spread(share));
}

void KERNEL(spreadRows)(uint8_t *memory, uint32_t from, uint32_t fromRow, uint32_t numbers, int32_t count,
                        uint32_t offsets, uint32_t rows, uint32_t zeroed, int32_t zeroes, uint32_t to, int32_t width) {
  const size_t bytes = 4 * (size_t)width;
  uint8_t *gradients = memory + to;
  for (int32_t i = 0; i < zeroes; i++) {
    fetch(gradients + bytes * earlyRow(memory + zeroed, i, zeroes), bytes);
    memset(rowOf(gradients, bytes, memory + zeroed + 4 * (size_t)i), 0, bytes);
  }
  for (size_t slot = 0; slot < (size_t)count; slot++) {
    fetchParts(memory, to, bytes, offsets, rows, numbers, slot + VECTORS_EARLY, count);
    const uint8_t *gradient = memory + from + slot * fromRow;
    const Parts parts = partsOf(memory, offsets, rows, (uint32_t)loadInt(memory + numbers + 4 * slot));
    addRow(gradient, 1, rowOf(gradients, bytes, parts.begin), bytes);
    for (const uint8_t *row = parts.begin + 4; row < parts.end; row += 4) {
      addRow(gradient, parts.share, rowOf(gradients, bytes, row), bytes);
    }
  }
}
