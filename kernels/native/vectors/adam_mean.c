/**
 * Takes the mean over shards of the results of one step of Adam each. The bits are those of `adam` for each shard followed by
 * `average`, whose tree of sums this takes for one vector of lanes at a time, without room for replicas.
 */
#include "adam.h"
#include "rows.h"

/** Most shards whose number is known to the compiler. */
#define FEW 8
/** The levels of the tree of 2^31 shards. */
#define LEVELS 32

/** Holds some lanes of a replica. */
typedef struct {
  Floats w, m, v;
} Replica;

/** Holds the call's vectors at the first of the elements in question. */
typedef struct {
  const uint8_t *w, *m, *v;
  uint8_t *intoW, *intoM, *intoV;
} Vectors;

/** Holds what one shard brings; without a gradient it takes no step. */
typedef struct {
  const uint8_t *gradient;
  Floats scale, coefficient;
} Shard;

/** Holds arrays of one element per shard: the offset of the gradient in the memory, or 0, and two factors. */
typedef struct {
  const uint8_t *memory, *gradients, *scales, *coefficients;
  int32_t count;
} Shards;

INLINE Shard shardAt(const Shards *shards, int32_t number) {
  const size_t at = 4 * (size_t)number;
  const uint32_t gradient = (uint32_t)loadInt(shards->gradients + at);
  return (Shard){gradient == 0 ? NULL : shards->memory + gradient, spread(loadFloat(shards->scales + at)),
                 spread(loadFloat(shards->coefficients + at))};
}

INLINE Replica sum(Replica a, Replica b) { return (Replica){a.w + b.w, a.m + b.m, a.v + b.v}; }

/** Returns a shard's replica, `at` bytes from its gradient, times its coefficient. */
INLINE Replica weighted(Replica from, const Shard *shard, size_t at, size_t lanes, const Adam *adam) {
  if (shard->gradient != NULL) {
    const Floats g = loadFirst(shard->gradient + at, lanes) * shard->scale;
    from.m = meanOf(adam, g, from.m);
    from.v = squareOf(adam, g, from.v);
    from.w = weightOf(adam, from.w, from.m, from.v);
  }
  const Floats coefficient = shard->coefficient;
  return (Replica){from.w * coefficient, from.m * coefficient, from.v * coefficient};
}

/** Returns the tree of one to four shards. */
INLINE Replica treeOfFour(Replica from, const Shard shards[], int32_t count, size_t at, size_t lanes, const Adam *adam) {
  Replica left = weighted(from, &shards[0], at, lanes, adam);
  if (count > 1) left = sum(left, weighted(from, &shards[1], at, lanes, adam));
  if (count <= 2) return left;
  Replica right = weighted(from, &shards[2], at, lanes, adam);
  if (count > 3) right = sum(right, weighted(from, &shards[3], at, lanes, adam));
  return sum(left, right);
}

/** Returns the tree of one to FEW shards. */
INLINE Replica treeOfFew(Replica from, const Shard shards[], int32_t count, size_t at, size_t lanes, const Adam *adam) {
  if (count <= 4) return treeOfFour(from, shards, count, at, lanes, adam);
  return sum(treeOfFour(from, shards, 4, at, lanes, adam), treeOfFour(from, shards + 4, count - 4, at, lanes, adam));
}

/** Returns the tree of any number of shards. A binary counter closes each subtree when it is full. */
static Replica treeOfMany(Replica from, const Shards *shards, size_t at, size_t lanes, const Adam *adam) {
  Replica stack[LEVELS];
  int32_t top = 0;
  for (int32_t number = 0; number < shards->count; number++) {
    const Shard shard = shardAt(shards, number);
    Replica next = weighted(from, &shard, at, lanes, adam);
    for (int32_t full = number + 1; (full & 1) == 0; full >>= 1) next = sum(stack[--top], next);
    stack[top++] = next;
  }
  Replica whole = stack[--top];
  while (top > 0) whole = sum(stack[--top], whole);
  return whole;
}

INLINE Replica load3(const Vectors *from, size_t at, size_t lanes) {
  return (Replica){loadFirst(from->w + at, lanes), loadFirst(from->m + at, lanes), loadFirst(from->v + at, lanes)};
}

INLINE void store3(const Vectors *to, size_t at, size_t lanes, Replica mean) {
  storeFirst(to->intoW + at, lanes, mean.w);
  storeFirst(to->intoM + at, lanes, mean.m);
  storeFirst(to->intoV + at, lanes, mean.v);
}

/** Does `count` elements for one to FEW shards that all take a step. */
INLINE void meanOfFew(const Vectors *vectors, const Shards *from, int32_t shards, size_t count, const Adam *adam) {
  Shard few[FEW];
  for (int32_t number = 0; number < shards; number++) few[number] = shardAt(from, number);
  const size_t whole = 4 * (count & -(size_t)LANES), lanes = count % LANES;
  for (size_t at = 0; at < whole; at += VECTOR_BYTES) {
    store3(vectors, at, LANES, treeOfFew(load3(vectors, at, LANES), few, shards, at, LANES, adam));
  }
  if (lanes > 0) {
    store3(vectors, whole, lanes, treeOfFew(load3(vectors, whole, lanes), few, shards, whole, lanes, adam));
  }
}

static void meanOfMany(const Vectors *vectors, const Shards *from, size_t count, const Adam *adam) {
  for (size_t i = 0; i < count; i += LANES) {
    const size_t at = 4 * i, lanes = count - i < LANES ? count - i : LANES;
    store3(vectors, at, lanes, treeOfMany(load3(vectors, at, lanes), from, at, lanes, adam));
  }
}

/** Does `count` elements, from number `first` of the call's vectors on; the gradients begin there already. */
static void mean(uint8_t *memory, const AdamMeanCall *call, uint32_t gradients, size_t first, size_t count) {
  uint8_t *base = memory + 4 * first;
  const Vectors vectors = {base + call->fromW, base + call->fromM, base + call->fromV,
                           base + call->intoW, base + call->intoM, base + call->intoV};
  const Shards shards = {memory, memory + gradients, memory + call->scales, memory + call->coefficients, call->shards};
  const Adam adam = ADAM_OF(call);
  int32_t few = shards.count <= FEW ? shards.count : 0;
  for (int32_t number = 0; number < shards.count; number++) {
    if (loadInt(shards.gradients + 4 * (size_t)number) == 0) few = 0;
  }
  switch (few) {
    case 1: meanOfFew(&vectors, &shards, 1, count, &adam); break;
    case 2: meanOfFew(&vectors, &shards, 2, count, &adam); break;
    case 3: meanOfFew(&vectors, &shards, 3, count, &adam); break;
    case 4: meanOfFew(&vectors, &shards, 4, count, &adam); break;
    case 5: meanOfFew(&vectors, &shards, 5, count, &adam); break;
    case 6: meanOfFew(&vectors, &shards, 6, count, &adam); break;
    case 7: meanOfFew(&vectors, &shards, 7, count, &adam); break;
    case FEW: meanOfFew(&vectors, &shards, FEW, count, &adam); break;
    default: meanOfMany(&vectors, &shards, count, &adam);
  }
}

void KERNEL(adamMean)(uint8_t *memory, uint32_t at) {
  const AdamMeanCall *call = (const AdamMeanCall *)(memory + at);
  mean(memory, call, call->gradients, 0, (size_t)call->count);
}

void KERNEL(adamMeanRows)(
    uint8_t *memory, uint32_t rows, int32_t count, int32_t width, int32_t height, uint32_t stamps, int32_t stamp,
    uint32_t rowGradients, uint32_t at) {
  const AdamMeanCall *call = (const AdamMeanCall *)(memory + at);
  for (int32_t i = 0; i < count;) {
    const uint32_t next = rows + 4 * (uint32_t)i;
    const int32_t row = loadInt(memory + next);
    const int32_t length = alikeRows(memory, next, count - i, height, stamps, call->shards, stamp, true);
    i += length;
    if (row < 0 || row >= height) continue;
    const size_t first = (size_t)row * (size_t)width;
    for (int32_t shard = 0; shard < call->shards; shard++) {
      const bool own = touched(memory, stamps, shard, row, stamp);
      const uint32_t gradient = (uint32_t)loadInt(memory + call->gradients + 4 * (size_t)shard) + 4 * (uint32_t)first;
      storeInt(memory + rowGradients + 4 * (size_t)shard, own ? (int32_t)gradient : 0);
    }
    mean(memory, call, rowGradients, first, (size_t)(width * length));
  }
}
