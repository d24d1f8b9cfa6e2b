/** Finds the rows of a tensor that moved lately: the twin of kernels/assembly/vectors/find_rows.ts. */
#include "../kernels.gen.h"
#include "rows.h"

/** Rows that are examined together. */
#define SOME 16
/** Blocks of a part whose stamps are fetched early: they lie far apart. */
#define BLOCKS_EARLY 4

/** Returns for rows[0..count), at most SOME, bits from 0 up for those of age 0, and from SOME up for those of age 1. */
INLINE uint32_t agesOf(const uint8_t *memory, const FindRowsCall *call, size_t row, size_t count) {
  const int32_t now = call->stamp, before = (int32_t)((uint32_t)call->stamp - 1);
  uint32_t touched = 0, stale = 0;
  for (size_t shard = 0; shard < (size_t)call->shards; shard++) {
    const uint8_t *own = memory + (uint32_t)loadInt(memory + call->stamps + 4 * shard) + 4 * row;
    if (count == SOME) {
      UNROLL for (size_t i = 0; i < SOME; i += LANES) {
        const Ints stamps = loadInts(own + 4 * i);
        touched |= maskBits(intsEqual(stamps, spreadInt(now))) << i;
        stale |= maskBits(intsEqual(stamps, spreadInt(before))) << i;
      }
    } else {
      for (size_t i = 0; i < count; i++) {
        touched |= (uint32_t)(loadInt(own + 4 * i) == now) << i;
        stale |= (uint32_t)(loadInt(own + 4 * i) == before) << i;
      }
    }
  }
  return touched | (stale & ~touched) << SOME;
}

/** Begins to load the stamps of the rows from `row` on, if there are some. */
INLINE void fetchStamps(const uint8_t *memory, const FindRowsCall *call, int64_t row) {
  if (row >= call->height) return;
  for (size_t shard = 0; shard < (size_t)call->shards; shard++) {
    fetch(memory + (uint32_t)loadInt(memory + call->stamps + 4 * shard) + 4 * (size_t)row, 4 * SOME);
  }
}

void KERNEL(findRows)(uint8_t *memory, uint32_t at) {
  const FindRowsCall *call = (const FindRowsCall *)(memory + at);
  const int32_t room = call->room;
  uint8_t *list = memory + call->list;
  int32_t touched = 0, stale = 0;
  const int64_t stride = (int64_t)call->parts * call->block;
  for (int64_t part = call->first; part < call->parts; part += call->step) {
    for (int64_t begin = part * call->block; begin < call->height; begin += stride) {
      fetchStamps(memory, call, begin + BLOCKS_EARLY * stride);
      const int64_t last = begin + call->block < call->height ? begin + call->block : call->height;
      for (int64_t row = begin; row < last; row += SOME) {
        uint32_t ages = row + SOME <= last ? agesOf(memory, call, (size_t)row, SOME)
                                           : agesOf(memory, call, (size_t)row, (size_t)(last - row));
        for (; ages != 0; ages &= ages - 1) {
          const int32_t bit = __builtin_ctz(ages);
          if (bit < SOME) {
            if (touched + stale < room) storeInt(list + 4 * (size_t)touched, (int32_t)row + bit);
            touched++;
          } else {
            stale++;
            if (touched + stale <= room) storeInt(list + 4 * (size_t)(room - stale), (int32_t)row + bit - SOME);
          }
        }
      }
    }
  }
  storeInt(memory + call->found, touched);
  storeInt(memory + call->found + 4, stale);
}
