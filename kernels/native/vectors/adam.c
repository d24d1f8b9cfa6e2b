/** Takes steps of Adam over a vector, or over some rows of a tensor. */
#include "adam.h"
#include "rows.h"

typedef struct {
  const uint8_t *w, *m, *v, *gradient;
  uint8_t *intoW, *intoM, *intoV;
} Pointers;

/** Takes a step over the first `lanes` lanes, `at` bytes from the pointers. */
INLINE void step(const Pointers *to, size_t at, size_t lanes, Floats scale, const Adam *adam) {
  const Floats g = loadFirst(to->gradient + at, lanes) * scale;
  const Floats m = meanOf(adam, g, loadFirst(to->m + at, lanes)), v = squareOf(adam, g, loadFirst(to->v + at, lanes));
  const Floats w = weightOf(adam, loadFirst(to->w + at, lanes), m, v);
  storeFirst(to->intoM + at, lanes, m);
  storeFirst(to->intoV + at, lanes, v);
  storeFirst(to->intoW + at, lanes, w);
}

/** Takes a step over `count` elements, from number `first` of the call's vectors on. */
INLINE void steps(uint8_t *memory, const AdamCall *call, size_t first, size_t count) {
  uint8_t *base = memory + 4 * first;
  const Pointers to = {base + call->fromW, base + call->fromM,  base + call->fromV, base + call->gradient,
                       base + call->intoW, base + call->intoM, base + call->intoV};
  const Adam adam = ADAM_OF(call);
  const Floats scale = spread(call->scale);
  const size_t whole = count & -(size_t)LANES;
  for (size_t i = 0; i < whole; i += LANES) step(&to, 4 * i, LANES, scale, &adam);
  if (whole < count) step(&to, 4 * whole, count - whole, scale, &adam);
}

void KERNEL(adam)(uint8_t *memory, uint32_t at) {
  const AdamCall *call = (const AdamCall *)(memory + at);
  steps(memory, call, 0, (size_t)call->count);
}

void KERNEL(adamRows)(
    uint8_t *memory, uint32_t rows, int32_t count, int32_t width, int32_t begin, int32_t end, uint32_t at) {
  const AdamCall *call = (const AdamCall *)(memory + at);
  const uint32_t vectors[] = {call->gradient, call->fromW, call->fromM, call->fromV,
                              call->intoW,    call->intoM, call->intoV};
  const size_t bytes = 4 * (size_t)width, others = call->intoW == call->fromW ? 4 : 7;
  for (int32_t i = 0; i < count; i++) {
    const size_t early = bytes * earlyRow(memory + rows, i, count);
    for (size_t vector = 0; vector < others; vector++) fetch(memory + vectors[vector] + early, bytes);
    const int32_t row = loadInt(memory + rows + 4 * (size_t)i);
    if (row < 0 || row > end / width) continue;
    const int64_t from = (int64_t)row * width, to = from + width;
    const int64_t first = begin > from ? begin : from, last = end < to ? end : to;
    if (first < last) steps(memory, call, (size_t)first, (size_t)(last - first));
  }
}
