/** Helps kernels that take some rows of tensors: fetches rows early, and compares which vectors have a row. */
#ifndef LOCKSTEP_ROWS_H
#define LOCKSTEP_ROWS_H

#include <stdbool.h>

#include "../vectors.h"

/** Rows of a list that are fetched early: they lie far apart, where the processor does not expect them. */
#define ROWS_EARLY 8
/** The processor expects the rest of a row by itself. */
#define FETCHED_BYTES 256

/** Returns the row that comes ROWS_EARLY after number `i` of a list, or near its end the last one. */
INLINE uint32_t earlyRow(const uint8_t *rows, int32_t i, int32_t count) {
  const int32_t early = i < count - ROWS_EARLY ? i + ROWS_EARLY : count - 1;
  return (uint32_t)loadInt(rows + 4 * (size_t)early);
}

/** Begins to load the bytes at an address, which need not exist, into the cache. */
INLINE void fetch(const uint8_t *at, size_t bytes) {
  for (size_t line = 0; line < bytes && line < FETCHED_BYTES; line += 64) __builtin_prefetch(at + line);
}

/** Returns whether a shard's vector, by the array of pointers `stamps`, has a row. */
INLINE bool touched(const uint8_t *memory, uint32_t stamps, int32_t shard, int32_t row, int32_t stamp) {
  const uint32_t own = (uint32_t)loadInt(memory + stamps + 4 * (size_t)shard);
  return loadInt(memory + own + 4 * (size_t)row) == stamp;
}

/**
 * Returns how many of the next rows[0..count), at least 1, are neighbours below `height` that the same shards touched, all of
 * them unless `mayMiss`.
 */
INLINE int32_t alikeRows(
    const uint8_t *memory, uint32_t rows, int32_t count, int32_t height, uint32_t stamps, int32_t shards, int32_t stamp,
    bool mayMiss) {
  const int32_t row = loadInt(memory + rows);
  if (row < 0) return 1;
  int32_t length = 1;
  for (; length < count && length < height - row; length++) {
    if (loadInt(memory + rows + 4 * (size_t)length) != row + length) return length;
    for (int32_t shard = 0; shard < shards; shard++) {
      const bool has = touched(memory, stamps, shard, row, stamp);
      if (has != touched(memory, stamps, shard, row + length, stamp) || !(has || mayMiss)) return length;
    }
  }
  return length;
}

#endif
