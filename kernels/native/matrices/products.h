/**
 * Declares the matrix products for the kernels of other sources. Matrices are described as in
 * kernels/assembly/matrices/gemm.ts.
 */
#ifndef LOCKSTEP_PRODUCTS_H
#define LOCKSTEP_PRODUCTS_H

#include "../kernels.gen.h"
#include "../vectors.h"

/** A matrix: where its first panel begins, and the bytes from panel to panel and from row to row. */
typedef struct {
  uint8_t *at;
  size_t stride;
  size_t row;
} Matrix;

/** Numbers rows, int32s `stride` bytes apart; without `at` row r has the number r. */
typedef struct {
  const uint8_t *at;
  size_t stride;
} Index;

/** Returns where row index[row] of the first panel begins. */
INLINE uint8_t *rowAt(Matrix matrix, Index index, size_t row) {
  return matrix.at + matrix.row * (index.at == NULL ? row : (uint32_t)loadInt(index.at + row * index.stride));
}

/**
 * C[rows, 8 · panels] = F[index[r]] + A[rows, inner] · B[panels][inner][8], inner a positive multiple of 8. F has only one
 * row if its rows are 0 bytes apart. F may be C.
 */
void INTERNAL(product)(Matrix f, Index index, Matrix a, const uint8_t *b, int32_t inner, Matrix c, int32_t rows,
                       int32_t panels);
#define product INTERNAL(product)

/** to[r] = from[index[r]] */
void INTERNAL(pick)(Matrix from, Index index, Matrix to, int32_t rows, int32_t panels);
#define pick INTERNAL(pick)

/** to[r] = from[index[r]] + other[otherIndex[r]] */
void INTERNAL(pickSums)(Matrix from, Index index, Matrix other, Index otherIndex, Matrix to, int32_t rows, int32_t panels);
#define pickSums INTERNAL(pickSums)

#endif
