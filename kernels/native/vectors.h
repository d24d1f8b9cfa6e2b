/**
 * Defines vectors of float32, as wide as the instruction set has them, and the operations that the kernels need. Only this file
 * knows instruction sets: everything else is the same for all.
 *
 * The operators + - * / of the compiler's vector extensions round each result by itself (-ffp-contract=off), and only
 * `madd` and `nmadd` are fused. Ints also have << >> & | ^ ~.
 */
#ifndef LOCKSTEP_VECTORS_H
#define LOCKSTEP_VECTORS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
#include <immintrin.h>
#define LANES 16
/** Count the vector registers. */
#define REGISTERS 32
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define LANES 8
#define REGISTERS 16
#elif defined(__aarch64__)
#include <arm_neon.h>
#define LANES 4
#define REGISTERS 32
#else
#error "expected AVX-512, AVX2 with FMA, or NEON on aarch64"
#endif

// Everything is inline, so no vector crosses an interface.
#pragma GCC diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))

/** UNROLL unrolls the next loop, whose bounds are constant; UNROLL_4 does four passes at a time. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#define UNROLL_4 _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#define UNROLL_4 _Pragma("GCC unroll 4")
#endif

#define VECTOR_BYTES (4 * LANES)

typedef float Floats __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t Ints __attribute__((vector_size(VECTOR_BYTES)));
typedef uint32_t Words __attribute__((vector_size(VECTOR_BYTES)));
/** Float64, in half as many lanes. */
typedef double Doubles __attribute__((vector_size(VECTOR_BYTES)));
/** A row of eight, whatever the registers hold. */
typedef float Floats8 __attribute__((vector_size(32)));

/** Returns the lanes with these numbers of two vectors, where those of `b` come after those of `a`. Indices has as many ints. */
#ifdef __clang__
#define SHUFFLE(Indices, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(Indices, a, b, ...) __builtin_shuffle(a, b, (Indices){__VA_ARGS__})
#endif

INLINE Floats load(const void *from) {
  Floats x;
  memcpy(&x, from, sizeof x);
  return x;
}

INLINE void store(void *to, Floats x) { memcpy(to, &x, sizeof x); }

INLINE Ints loadInts(const void *from) {
  Ints x;
  memcpy(&x, from, sizeof x);
  return x;
}

INLINE void storeInts(void *to, Ints x) { memcpy(to, &x, sizeof x); }

INLINE float loadFloat(const void *from) {
  float x;
  memcpy(&x, from, sizeof x);
  return x;
}

INLINE void storeFloat(void *to, float x) { memcpy(to, &x, sizeof x); }

INLINE int32_t loadInt(const void *from) {
  int32_t x;
  memcpy(&x, from, sizeof x);
  return x;
}

INLINE void storeInt(void *to, int32_t x) { memcpy(to, &x, sizeof x); }

INLINE Floats8 loadRow(const void *from) {
  Floats8 x;
  memcpy(&x, from, sizeof x);
  return x;
}

INLINE void storeRow(void *to, Floats8 x) { memcpy(to, &x, sizeof x); }

#if LANES == 16

/** Says of each lane whether something holds. */
typedef __mmask16 Mask;

INLINE Floats spread(float x) { return _mm512_set1_ps(x); }
/** Returns LANES / 2 float32 as float64. */
INLINE Doubles loadDoubles(const void *from) { return _mm512_cvtps_pd(_mm256_loadu_ps(from)); }
INLINE Ints spreadInt(int32_t x) { return (Ints)_mm512_set1_epi32(x); }
/** Returns 0, 1, 2, … */
INLINE Ints laneNumbers(void) { return (Ints)_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
/** Returns a · b + c, rounded once. */
INLINE Floats madd(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
/** Returns c - a · b, rounded once. */
INLINE Floats nmadd(Floats a, Floats b, Floats c) { return _mm512_fnmadd_ps(a, b, c); }
/** Returns b < a ? b : a, so a if one is NaN. */
INLINE Floats pmin(Floats a, Floats b) { return _mm512_min_ps(b, a); }
/** Returns a < b ? b : a, so a if one is NaN. */
INLINE Floats pmax(Floats a, Floats b) { return _mm512_max_ps(b, a); }
INLINE Floats squareRoot(Floats x) { return _mm512_sqrt_ps(x); }
/** Rounds to integers, halves to even ones. */
INLINE Floats nearest(Floats x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
/** Converts integers of at most 31 bits. */
INLINE Ints truncated(Floats x) { return (Ints)_mm512_cvttps_epi32(x); }
INLINE Mask isLess(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
INLINE Mask isEqual(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
INLINE Mask intsEqual(Ints a, Ints b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }
/** Compares unsigned words. */
INLINE Mask wordsAtLeast(Words a, Words b) { return _mm512_cmpge_epu32_mask((__m512i)a, (__m512i)b); }
/** Returns `a` where the mask holds, and `b` elsewhere. */
INLINE Floats choose(Mask mask, Floats a, Floats b) { return _mm512_mask_blend_ps(mask, b, a); }
/** Returns the mask's bits, the lowest for the first lane. */
INLINE uint32_t maskBits(Mask mask) { return mask; }

/** Loads the first `count` lanes, 0 to LANES; the others are 0. Nothing behind them is touched. */
INLINE Floats loadPart(const void *from, size_t count) {
  return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
}
/** Stores the first `count` lanes, 0 to LANES. */
INLINE void storePart(void *to, size_t count, Floats x) {
  _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), x);
}

/**
 * Loads vector number `index` of a matrix that has rows of eight floats, `stride` bytes apart. A vector of sixteen lanes holds
 * two rows, one of four lanes half of a row.
 */
INLINE Floats loadEights(const uint8_t *at, size_t stride, size_t index) {
  const uint8_t *from = at + 2 * index * stride;
  return _mm512_insertf32x8(_mm512_castps256_ps512(_mm256_loadu_ps((const float *)from)),
                            _mm256_loadu_ps((const float *)(from + stride)), 1);
}
/** Stores vector number `index` of such a matrix. */
INLINE void storeEights(uint8_t *at, size_t stride, size_t index, Floats x) {
  uint8_t *to = at + 2 * index * stride;
  _mm256_storeu_ps((float *)to, _mm512_castps512_ps256(x));
  _mm256_storeu_ps((float *)(to + stride), _mm512_extractf32x8_ps(x, 1));
}

/** Loads one row of eight: the other lanes are 0. */
INLINE Floats loadEight(const void *from) { return _mm512_zextps256_ps512(_mm256_loadu_ps(from)); }
/** Stores the first eight lanes. */
INLINE void storeEight(void *to, Floats x) { _mm256_storeu_ps(to, _mm512_castps512_ps256(x)); }

#else

/** A vector is at most a row of eight. */
INLINE Floats loadEight(const void *from) { return load(from); }
INLINE void storeEight(void *to, Floats x) { store(to, x); }

/** Says of each lane whether something holds: all bits are set, or none. */
typedef Ints Mask;

INLINE Mask isLess(Floats a, Floats b) { return a < b; }
INLINE Mask isEqual(Floats a, Floats b) { return a == b; }
INLINE Mask intsEqual(Ints a, Ints b) { return a == b; }
INLINE Mask wordsAtLeast(Words a, Words b) { return a >= b; }

#if LANES == 8

INLINE Floats spread(float x) { return _mm256_set1_ps(x); }
INLINE Doubles loadDoubles(const void *from) { return _mm256_cvtps_pd(_mm_loadu_ps(from)); }
INLINE Ints spreadInt(int32_t x) { return (Ints)_mm256_set1_epi32(x); }
INLINE Ints laneNumbers(void) { return (Ints)_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }
INLINE Floats madd(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
INLINE Floats nmadd(Floats a, Floats b, Floats c) { return _mm256_fnmadd_ps(a, b, c); }
INLINE Floats pmin(Floats a, Floats b) { return _mm256_min_ps(b, a); }
INLINE Floats pmax(Floats a, Floats b) { return _mm256_max_ps(b, a); }
INLINE Floats squareRoot(Floats x) { return _mm256_sqrt_ps(x); }
INLINE Floats nearest(Floats x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE Ints truncated(Floats x) { return (Ints)_mm256_cvttps_epi32(x); }
INLINE Floats choose(Mask mask, Floats a, Floats b) { return _mm256_blendv_ps(b, a, (__m256)mask); }
INLINE uint32_t maskBits(Mask mask) { return (uint32_t)_mm256_movemask_ps((__m256)mask); }

INLINE __m256i firstLanes(size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), (__m256i)laneNumbers());
}
INLINE Floats loadPart(const void *from, size_t count) { return _mm256_maskload_ps(from, firstLanes(count)); }
INLINE void storePart(void *to, size_t count, Floats x) { _mm256_maskstore_ps(to, firstLanes(count), x); }

INLINE Floats loadEights(const uint8_t *at, size_t stride, size_t index) { return load(at + index * stride); }
INLINE void storeEights(uint8_t *at, size_t stride, size_t index, Floats x) { store(at + index * stride, x); }

#else

INLINE Floats spread(float x) { return vdupq_n_f32(x); }
INLINE Doubles loadDoubles(const void *from) { return vcvt_f64_f32(vld1_f32(from)); }
INLINE Ints spreadInt(int32_t x) { return vdupq_n_s32(x); }
INLINE Ints laneNumbers(void) { return (Ints){0, 1, 2, 3}; }
INLINE Floats madd(Floats a, Floats b, Floats c) { return vfmaq_f32(c, a, b); }
INLINE Floats nmadd(Floats a, Floats b, Floats c) { return vfmsq_f32(c, a, b); }
INLINE Floats pmin(Floats a, Floats b) { return vbslq_f32((uint32x4_t)(b < a), b, a); }
INLINE Floats pmax(Floats a, Floats b) { return vbslq_f32((uint32x4_t)(a < b), b, a); }
INLINE Floats squareRoot(Floats x) { return vsqrtq_f32(x); }
INLINE Floats nearest(Floats x) { return vrndnq_f32(x); }
INLINE Ints truncated(Floats x) { return vcvtq_s32_f32(x); }
INLINE Floats choose(Mask mask, Floats a, Floats b) { return vbslq_f32((uint32x4_t)mask, a, b); }
INLINE uint32_t maskBits(Mask mask) { return vaddvq_u32((uint32x4_t)mask & (uint32x4_t){1, 2, 4, 8}); }

INLINE Floats loadPart(const void *from, size_t count) {
  Floats x = spread(0);
  memcpy(&x, from, 4 * count);
  return x;
}
INLINE void storePart(void *to, size_t count, Floats x) { memcpy(to, &x, 4 * count); }

INLINE Floats loadEights(const uint8_t *at, size_t stride, size_t index) {
  return load(at + (index >> 1) * stride + 16 * (index & 1));
}
INLINE void storeEights(uint8_t *at, size_t stride, size_t index, Floats x) {
  store(at + (index >> 1) * stride + 16 * (index & 1), x);
}

#endif
#endif
/** Loads the first `lanes` lanes, where that is mostly the constant LANES. */
INLINE Floats loadFirst(const void *from, size_t lanes) { return lanes == LANES ? load(from) : loadPart(from, lanes); }
INLINE void storeFirst(void *to, size_t lanes, Floats x) {
  if (lanes == LANES) store(to, x);
  else storePart(to, lanes, x);
}

#endif
