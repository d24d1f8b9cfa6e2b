/** Takes steps of Adam: kernels/assembly/vectors/adam.ts has the formula. */
#ifndef LOCKSTEP_ADAM_H
#define LOCKSTEP_ADAM_H

#include "../kernels.gen.h"
#include "../vectors.h"

/** Holds AdamFormula in vectors. */
typedef struct {
  Floats decay1, decay2, weight2, rate, rootCorrection, epsilon, kept;
} Adam;

INLINE Adam adamOf(
    float oneMinusBeta1, float beta2, float oneMinusBeta2, float rate, float rootCorrection, float epsilon, float kept) {
  return (Adam){
      spread(oneMinusBeta1), spread(beta2), spread(oneMinusBeta2), spread(rate), spread(rootCorrection), spread(epsilon),
      spread(kept)};
}

/** Returns the Adam of a call, which begins with the fields of AdamFormula. */
#define ADAM_OF(call)                                                                                          \
  adamOf(                                                                                                      \
      (call)->oneMinusBeta1, (call)->beta2, (call)->oneMinusBeta2, (call)->rate, (call)->rootCorrection,       \
      (call)->epsilon, (call)->kept)

/** Returns the next m. */
INLINE Floats meanOf(const Adam *adam, Floats g, Floats m) { return madd(adam->decay1, g - m, m); }

/** Returns the next v. */
INLINE Floats squareOf(const Adam *adam, Floats g, Floats v) { return madd(g * adam->weight2, g, v * adam->decay2); }

/** Returns the next w, given the next m and v. */
INLINE Floats weightOf(const Adam *adam, Floats w, Floats m, Floats v) {
  const Floats root = madd(squareRoot(v), adam->rootCorrection, adam->epsilon);
  return nmadd(adam->rate, m / root, w * adam->kept);
}

#endif
