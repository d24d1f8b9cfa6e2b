/** Computes tanh, sigmoid and exp as kernels/assembly/lstm/activations.ts does, which says how, bit for bit. */
#ifndef LOCKSTEP_ACTIVATIONS_H
#define LOCKSTEP_ACTIVATIONS_H

#include <math.h>

#include "../vectors.h"

INLINE Floats tanhOf(Floats value) {
  const float limit = 7.90531110763549805f;
  const Floats x = pmax(pmin(value, spread(limit)), spread(-limit));
  const Floats u = x * x;
  Floats p = madd(u, spread(1.5417466414646697e-8f), spread(2.201643837906886e-5f));
  Floats q = madd(u, spread(8.594731184530247e-7f), spread(3.4229972516186535e-4f));
  p = madd(p, u, spread(3.578601637855172e-3f));
  q = madd(q, u, spread(2.619077078998089e-2f));
  p = madd(p, u, spread(0.13450297713279724f));
  q = madd(q, u, spread(0.46783626079559326f));
  p = madd(p, u, spread(1));
  q = madd(q, u, spread(1));
  return x * p / q;
}

INLINE Floats sigmoidOf(Floats value) {
  const Floats half = spread(0.5f);
  return madd(tanhOf(value * half), half, half);
}

INLINE Floats expOf(Floats value) {
  const Floats low = spread(-87.33654f), high = spread(88.72283f);
  const Floats x = pmax(pmin(value, high), low);
  const Floats n = nearest(x * spread(1.44269504088896341f));
  Floats r = nmadd(n, spread(0.693359375f), x);
  r = nmadd(n, spread(-2.12194440e-4f), r);
  Floats p = madd(r, spread(1.9875691500e-4f), spread(1.3981999507e-3f));
  p = madd(p, r, spread(8.3334519073e-3f));
  p = madd(p, r, spread(4.1665795894e-2f));
  p = madd(p, r, spread(1.6666665459e-1f));
  p = madd(p, r, spread(5.0000001201e-1f));
  p = madd(r * r, p, r) + spread(1);
  // Multiplies by 2^(n/2) twice, as 2^128 is not a float32 although e^88.7 is.
  const Ints i = truncated(n), first = i >> 1, second = i - first;
  p = p * (Floats)((Words)(first + 127) << 23);
  p = p * (Floats)((Words)(second + 127) << 23);
  p = choose(isLess(value, low), spread(0), p);
  p = choose(isLess(high, value), spread(INFINITY), p);
  return choose(isEqual(value, value), p, value);
}

#endif
