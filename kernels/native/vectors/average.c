/** Takes weighted sums of vectors by the tree of kernels/assembly/vectors/average.ts, one vector of lanes at a time. */
#include "../kernels.gen.h"
#include "rows.h"

/** Most shards whose number is known to the compiler. */
#define FEW 8
/** The levels of the tree of 2^31 shards. */
#define LEVELS 32
/** Elements of each vector whose drift is summed before those of the next vector. */
#define BLOCK 256

/** Holds arrays of one element per shard: the offset of the vector in the memory, and its coefficient. */
typedef struct {
  const uint8_t *memory, *vectors, *coefficients;
  int32_t count;
} Shards;

/** Holds one shard's vector and its coefficient. */
typedef struct {
  const uint8_t *vector;
  Floats coefficient;
} Shard;

INLINE Shard shardAt(const Shards *shards, int32_t number) {
  const size_t at = 4 * (size_t)number;
  return (Shard){shards->memory + (uint32_t)loadInt(shards->vectors + at), spread(loadFloat(shards->coefficients + at))};
}

INLINE Floats weighted(const Shard *shard, size_t at, size_t lanes) {
  return loadFirst(shard->vector + at, lanes) * shard->coefficient;
}

/** Returns the tree of one to four shards. */
INLINE Floats treeOfFour(const Shard shards[], int32_t count, size_t at, size_t lanes) {
  Floats left = weighted(&shards[0], at, lanes);
  if (count > 1) left = left + weighted(&shards[1], at, lanes);
  if (count <= 2) return left;
  Floats right = weighted(&shards[2], at, lanes);
  if (count > 3) right = right + weighted(&shards[3], at, lanes);
  return left + right;
}

/** Returns the tree of one to FEW shards. */
INLINE Floats treeOfFew(const Shard shards[], int32_t count, size_t at, size_t lanes) {
  if (count <= 4) return treeOfFour(shards, count, at, lanes);
  return treeOfFour(shards, 4, at, lanes) + treeOfFour(shards + 4, count - 4, at, lanes);
}

/** Returns the tree of any number of shards. A binary counter closes each subtree when it is full. */
static Floats treeOfMany(const Shards *shards, size_t at, size_t lanes) {
  Floats stack[LEVELS];
  int32_t top = 0;
  for (int32_t number = 0; number < shards->count; number++) {
    const Shard shard = shardAt(shards, number);
    Floats next = weighted(&shard, at, lanes);
    for (int32_t full = number + 1; (full & 1) == 0; full >>= 1) next = stack[--top] + next;
    stack[top++] = next;
  }
  Floats whole = stack[--top];
  while (top > 0) whole = stack[--top] + whole;
  return whole;
}

INLINE void averageFew(const Shards *from, int32_t shards, uint8_t *to, size_t count) {
  Shard few[FEW];
  for (int32_t number = 0; number < shards; number++) few[number] = shardAt(from, number);
  const size_t whole = 4 * (count & -(size_t)LANES), lanes = count % LANES;
  for (size_t at = 0; at < whole; at += VECTOR_BYTES) store(to + at, treeOfFew(few, shards, at, LANES));
  if (lanes > 0) storePart(to + whole, lanes, treeOfFew(few, shards, whole, lanes));
}

static void averageMany(const Shards *from, uint8_t *to, size_t count) {
  for (size_t i = 0; i < count; i += LANES) {
    const size_t at = 4 * i, lanes = count - i < LANES ? count - i : LANES;
    storeFirst(to + at, lanes, treeOfMany(from, at, lanes));
  }
}

/** Returns the sum of squared differences from the mean, in the order of the WebAssembly kernel. */
static double driftOf(const Shards *from, const uint8_t *mean, size_t count) {
  double distance = 0;
  for (size_t begin = 0; begin < count; begin += BLOCK) {
    const size_t end = begin + BLOCK < count ? begin + BLOCK : count;
    for (int32_t number = 0; number < from->count; number++) {
      const uint8_t *vector = shardAt(from, number).vector;
      for (size_t i = begin; i < end; i++) {
        const double difference = (double)loadFloat(vector + 4 * i) - (double)loadFloat(mean + 4 * i);
        distance += difference * difference;
      }
    }
  }
  return distance;
}

static double averageOf(const Shards *from, uint8_t *to, size_t count, bool drift) {
  switch (from->count) {
    case 1: averageFew(from, 1, to, count); break;
    case 2: averageFew(from, 2, to, count); break;
    case 3: averageFew(from, 3, to, count); break;
    case 4: averageFew(from, 4, to, count); break;
    case 5: averageFew(from, 5, to, count); break;
    case 6: averageFew(from, 6, to, count); break;
    case 7: averageFew(from, 7, to, count); break;
    case FEW: averageFew(from, FEW, to, count); break;
    default: averageMany(from, to, count);
  }
  return drift ? driftOf(from, to, count) : 0;
}

double KERNEL(average)(
    uint8_t *memory, uint32_t vectors, uint32_t coefficients, int32_t shards, uint32_t to, int32_t count, uint32_t stack,
    uint32_t drift) {
  (void)stack;
  const Shards from = {memory, memory + vectors, memory + coefficients, shards};
  return averageOf(&from, memory + to, (size_t)count, drift != 0);
}

/** Takes the tree of one vector among zeros: c · x + 0, which is 0 for c · x = -0. */
static void averageOne(Shard shard, uint8_t *to, size_t count) {
  const size_t whole = 4 * (count & -(size_t)LANES), lanes = count % LANES;
  for (size_t at = 0; at < whole; at += VECTOR_BYTES) store(to + at, weighted(&shard, at, LANES) + spread(0));
  if (lanes > 0) storePart(to + whole, lanes, weighted(&shard, whole, lanes) + spread(0));
}

double KERNEL(averageRows)(uint8_t *memory, uint32_t at) {
  const AverageRowsCall *call = (const AverageRowsCall *)(memory + at);
  const int32_t shards = call->shards, width = call->width;
  const bool drift = call->drift != 0, alone = shards > 1 && call->otherwiseStride == 0 && !drift;
  const Shards from = {memory, memory + call->pointers, memory + call->coefficients, shards};
  const size_t bytes = 4 * (size_t)width;
  double distance = 0;
  for (int32_t i = 0; i < call->count;) {
    const uint32_t early = earlyRow(memory + call->rows, i, call->count);
    if (early < (uint32_t)call->height) {
      fetch(memory + call->to + early * bytes, bytes);
      for (int32_t shard = 0; shard < shards; shard++) {
        if (!touched(memory, call->stamps, shard, (int32_t)early, call->stamp)) continue;
        fetch(memory + (uint32_t)loadInt(memory + call->vectors + 4 * (size_t)shard) + early * bytes, bytes);
      }
    }
    const uint32_t next = call->rows + 4 * (uint32_t)i;
    const int32_t row = loadInt(memory + next);
    const int32_t length =
        alikeRows(memory, next, call->count - i, call->height, call->stamps, shards, call->stamp, call->otherwiseStride != 0);
    i += length;
    if (row < 0 || row >= call->height) continue;
    const uint32_t first = 4 * (uint32_t)row * (uint32_t)width;
    const uint32_t missing = call->otherwise + (uint32_t)row * call->otherwiseStride;
    int32_t owners = 0, owner = 0;
    for (int32_t shard = 0; shard < shards; shard++) {
      const bool own = touched(memory, call->stamps, shard, row, call->stamp);
      const uint32_t vector = (uint32_t)loadInt(memory + call->vectors + 4 * (size_t)shard);
      storeInt(memory + call->pointers + 4 * (size_t)shard, (int32_t)(own ? vector + first : missing));
      if (own) {
        owners++;
        owner = shard;
      }
    }
    uint8_t *to = memory + call->to + first;
    if (owners == 1 && alone) averageOne(shardAt(&from, owner), to, (size_t)width);
    else distance += averageOf(&from, to, (size_t)(width * length), drift);
  }
  return distance;
}
