/** Applies inverted dropout: kernels/assembly/tokens/dropout.ts says what each kernel does, and threefry.ts how masks are made. */
#include "../kernels.gen.h"
#include "../vectors.h"

/** Holds a mask as the memory has it. */
typedef struct {
  uint32_t key0, key1, counter, high, threshold;
  float scale;
} DropMask;

/** Each lane of two vectors, one after another. */
typedef uint64_t Pairs __attribute__((vector_size(2 * VECTOR_BYTES)));

typedef uint32_t Words8 __attribute__((vector_size(32)));

INLINE Words rotated(Words x, int bits) { return x << bits | x >> (32 - bits); }

/** Writes the factors of 2 · LANES elements: the words of LANES blocks of Threefry-2x32, the first of which is `block`. */
INLINE void factorsOf(const DropMask *mask, uint32_t block, uint8_t *to) {
  static const int rotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  const uint32_t keys[3] = {mask->key0, mask->key1, 0x1BD11BDA ^ mask->key0 ^ mask->key1};
  Words x0 = (Words)spreadInt((int32_t)(mask->counter + keys[0]));
  Words x1 = (((Words)laneNumbers() + block) ^ mask->high) + keys[1];
  _Pragma("GCC unroll 20") for (uint32_t round = 0; round < 20; round++) {
    x0 += x1;
    x1 = rotated(x1, rotations[round % 8]) ^ x0;
    if (round % 4 < 3) continue;
    const uint32_t turn = round / 4 + 1;
    x0 += keys[turn % 3];
    x1 += keys[(turn + 1) % 3] + turn;
  }
  const Words threshold = (Words)spreadInt((int32_t)mask->threshold);
  const Floats scale = spread(mask->scale), zero = spread(0);
  const Words first = (Words)choose(wordsAtLeast(x0, threshold), scale, zero);
  const Words second = (Words)choose(wordsAtLeast(x1, threshold), scale, zero);
  const Pairs pairs = __builtin_convertvector(first, Pairs) | __builtin_convertvector(second, Pairs) << 32;
  memcpy(to, &pairs, sizeof pairs);
}

/** Writes the factors of the elements from `element` & ~1 on, eight at a time, to at least `element` + `width` - 1. */
static void maskRow(const DropMask *mask, uint32_t element, size_t width, uint8_t *to) {
  size_t left = 4 * ((width + (element & 1) + 7) & ~(size_t)7);
  uint32_t block = element >> 1;
  for (; left >= sizeof(Pairs); left -= sizeof(Pairs), to += sizeof(Pairs), block += LANES) factorsOf(mask, block, to);
  if (left == 0) return;
  uint8_t last[sizeof(Pairs)];
  factorsOf(mask, block, last);
  memcpy(to, last, left);
}

/** Returns a bit for each of eight factors, the lowest for the first, which is set unless the factor is 0. */
INLINE uint32_t keptBits(const uint8_t *factors) {
  uint32_t zeros = 0;
  for (int lane = 0; lane < 8; lane += LANES) {
    zeros |= maskBits(isEqual(loadEight(factors + 4 * lane), spread(0))) << lane;
  }
  return ~zeros & 255;
}

void KERNEL(drop)(uint8_t *memory, uint32_t at) {
  const DropCall *call = (const DropCall *)(memory + at);
  const DropMask mask = *(const DropMask *)(memory + call->mask);
  const size_t width = (size_t)call->width;
  uint8_t *kept = call->kept == 0 ? NULL : memory + call->kept;
  for (size_t n = 0; n < (size_t)call->count; n++) {
    const uint32_t given = call->index == 0 ? 0 : (uint32_t)loadInt(memory + call->index + 4 * n);
    const uint32_t item = call->index == 0 ? (uint32_t)call->first + (uint32_t)n : given;
    const uint32_t element = item * (uint32_t)call->elements + (uint32_t)call->offset;
    maskRow(&mask, element, width, memory + call->factors);
    const uint8_t *factor = memory + call->factors + 4 * (element & 1);
    uint8_t *panel = memory + call->matrix + n * call->row;
    for (size_t column = 0; column < width; column += 8, factor += 32, panel += call->stride) {
      const Floats8 factors = loadRow(factor);
      storeRow(panel, loadRow(panel) * factors);
      if (kept != NULL) *kept++ = (uint8_t)keptBits(factor);
    }
  }
}

void KERNEL(dropAgain)(uint8_t *memory, uint32_t mask, uint32_t kept, int32_t count, int32_t width, uint32_t matrix,
                       uint32_t stride, uint32_t row) {
  const Words8 bits = {1, 2, 4, 8, 16, 32, 64, 128};
  const float scale = ((const DropMask *)(memory + mask))->scale;
  uint32_t scaleWord;
  memcpy(&scaleWord, &scale, 4);
  const uint8_t *next = memory + kept;
  for (size_t n = 0; n < (size_t)count; n++) {
    uint8_t *panel = memory + matrix + n * row;
    for (int32_t column = 0; column < width; column += 8, panel += stride) {
      const Words8 isKept = (Words8)((*next++ & bits) == bits);
      storeRow(panel, loadRow(panel) * (Floats8)(isKept & scaleWord));
    }
  }
}
