/**
 * Computes matrix products in registers: a tile of C holds its sums there while the values of A, spread over a vector, and the
 * columns of B pass by. Both operands are read where they lie. Each result is one chain of fused multiply-adds in order of the
 * inner index, for any tiling, as in kernels/assembly/matrices/gemm.ts.
 */
#include "products.h"

/** The sums of a tile leave registers for the columns of B and a value of A. */
#define MOST_SUMS (REGISTERS * 3 / 4)
/** The usual tile. With at most half as many rows it is twice as wide, so that enough sums are under way. */
#define PANELS (LANES == 16 ? 4 : 2)
#define MOST_ROWS (MOST_SUMS * LANES / (8 * PANELS))
#define MOST_VECTORS (16 * PANELS / LANES)

/** Inner steps of accumulateProducts at a time: more would not fit the first-level cache, fewer load and store C more often. */
#define INNER_BLOCK 256

#define UNROLL _Pragma("GCC unroll 16")

/** Returns how many vectors hold the columns of `panels`. */
INLINE int vectorsOf(int panels) { return (8 * panels + LANES - 1) / LANES; }

/** Returns whether there is a tile of this size. */
INLINE int isTile(int rows, int panels) {
  return rows * vectorsOf(panels) <= MOST_SUMS && rows <= MOST_ROWS && (panels <= PANELS || panels == 2 * PANELS);
}

/** Loads vector number `index` of the columns of `panels`, which are `stride` bytes apart: the last one may be half full. */
INLINE Floats loadColumns(const uint8_t *row, size_t stride, int index, int panels) {
  if (LANES * (index + 1) > 8 * panels) return loadEight(row + (size_t)(panels - 1) * stride);
  return loadEights(row, stride, (size_t)index);
}

INLINE void storeColumns(uint8_t *row, size_t stride, int index, int panels, Floats x) {
  if (LANES * (index + 1) > 8 * panels) storeEight(row + (size_t)(panels - 1) * stride, x);
  else storeEights(row, stride, (size_t)index, x);
}

/** Where a tile begins in the matrices, and the bytes from panel to panel and from row to row. */
typedef struct {
  const uint8_t *a, *b;
  size_t aStride, aRow, bStride, bRow;
  /** Counts the inner steps. */
  size_t steps;
  uint8_t *c;
  size_t cStride, cRow;
  /** Lists the rows of F, whose panels are `fromStride` bytes apart; the transposed product has none. */
  const uint8_t *from[MOST_ROWS];
  size_t fromStride;
} Tile;

typedef Floats Sums[MOST_ROWS][MOST_VECTORS];

/** Adds the products of one inner step: `aRow` bytes lie between the values of A, `bStride` between the panels of B. */
INLINE void addStep(Sums sums, int rows, int panels, const uint8_t *a, size_t aRow, const uint8_t *b, size_t bStride) {
  Floats columns[MOST_VECTORS];
  UNROLL for (int i = 0; i < vectorsOf(panels); i++) columns[i] = loadColumns(b, bStride, i, panels);
  UNROLL for (int row = 0; row < rows; row++) {
    const Floats x = spread(loadFloat(a + (size_t)row * aRow));
    UNROLL for (int i = 0; i < vectorsOf(panels); i++) sums[row][i] = madd(x, columns[i], sums[row][i]);
  }
}

/** Computes C = F + A · B or, if A is transposed, C += Aᵀ · B; everything but `tile` is constant. */
INLINE void compute(int rows, int panels, int isTransposed, const Tile *tile) {
  const size_t aStride = tile->aStride, aRow = tile->aRow, bStride = tile->bStride, bRow = tile->bRow;
  const size_t cStride = tile->cStride, cRow = tile->cRow;
  const uint8_t *a = tile->a, *b = tile->b;
  Sums sums;
  UNROLL for (int row = 0; row < rows; row++) {
    const uint8_t *from = isTransposed ? tile->c + (size_t)row * cRow : tile->from[row];
    UNROLL for (int i = 0; i < vectorsOf(panels); i++) {
      sums[row][i] = loadColumns(from, isTransposed ? cStride : tile->fromStride, i, panels);
    }
  }
  if (isTransposed) {
    _Pragma("GCC unroll 4") for (size_t left = tile->steps; left > 0; left--, a += aRow, b += bRow) {
      addStep(sums, rows, panels, a, 4, b, bStride);
    }
    // The WebAssembly kernel goes on with 0 · 0 to a multiple of eight steps, which makes -0 to 0.
    if (tile->steps % 8 != 0) {
      UNROLL for (int row = 0; row < rows; row++) {
        UNROLL for (int i = 0; i < vectorsOf(panels); i++) sums[row][i] += spread(0);
      }
    }
  } else {
    for (size_t left = tile->steps; left > 0; left -= 8, a += aStride, b += 256) {
      UNROLL for (size_t step = 0; step < 8; step++) {
        addStep(sums, rows, panels, a + 4 * step, aRow, b + 32 * step, bStride);
      }
    }
  }
  UNROLL for (int row = 0; row < rows; row++) {
    UNROLL for (int i = 0; i < vectorsOf(panels); i++) {
      storeColumns(tile->c + (size_t)row * cRow, cStride, i, panels, sums[row][i]);
    }
  }
}

#define SIZE(rows, panels, isTransposed)                                   \
  case 16 * rows + panels:                                                 \
    if (isTile(rows, panels)) compute(rows, panels, isTransposed, tile);   \
    return;
#define WIDTHS(rows, isTransposed)                                         \
  SIZE(rows, 1, isTransposed) SIZE(rows, 2, isTransposed) SIZE(rows, 3, isTransposed) \
  SIZE(rows, 4, isTransposed) SIZE(rows, 8, isTransposed)
#define SIZES(isTransposed)                                                \
  WIDTHS(1, isTransposed) WIDTHS(2, isTransposed) WIDTHS(3, isTransposed)  \
  WIDTHS(4, isTransposed) WIDTHS(5, isTransposed) WIDTHS(6, isTransposed)  \
  WIDTHS(7, isTransposed) WIDTHS(8, isTransposed) WIDTHS(9, isTransposed)  \
  WIDTHS(10, isTransposed) WIDTHS(11, isTransposed) WIDTHS(12, isTransposed)

static void computeTile(int32_t rows, int32_t panels, const Tile *tile) {
  switch (16 * rows + panels) { SIZES(0) }
}

static void computeTransposed(int32_t rows, int32_t panels, const Tile *tile) {
  switch (16 * rows + panels) { SIZES(1) }
}

/** Cuts rows into tiles of nearly equal heights: the first `taller` have one row more. */
typedef struct {
  int32_t tiles, height, taller;
} Tiling;

static Tiling tilingOf(int32_t rows) {
  const int32_t tiles = (rows + MOST_ROWS - 1) / MOST_ROWS;
  if (tiles <= 0) return (Tiling){0, 0, 0};
  return (Tiling){tiles, rows / tiles, rows % tiles};
}

/** Returns how many of the panels that are left a tile takes. */
static int32_t panelsOfTile(Tiling tiling, int32_t left) {
  const int32_t height = tiling.height + (tiling.taller > 0);
  if (left >= 2 * PANELS && isTile(height, 2 * PANELS)) return 2 * PANELS;
  return left < PANELS ? left : PANELS;
}

// All rows take some panels before they take the next: the columns of B stay in the first-level cache, and so do few rows of A.

void product(Matrix f, Index index, Matrix a, const uint8_t *b, int32_t inner, Matrix c, int32_t rows, int32_t panels) {
  const Tiling tiling = tilingOf(rows);
  const size_t bStride = 32 * (size_t)inner;
  Tile tile = {.aStride = a.stride, .aRow = a.row, .bStride = bStride, .steps = (size_t)inner, .cStride = c.stride,
               .cRow = c.row, .fromStride = f.stride};
  while (panels > 0) {
    const int32_t some = panelsOfTile(tiling, panels);
    size_t row = 0;
    tile.b = b;
    for (int32_t number = 0; number < tiling.tiles; number++) {
      const int32_t height = tiling.height + (number < tiling.taller);
      for (int32_t i = 0; i < height; i++) tile.from[i] = rowAt(f, index, row + (size_t)i);
      tile.a = a.at + row * a.row;
      tile.c = c.at + row * c.row;
      computeTile(height, some, &tile);
      row += (size_t)height;
    }
    panels -= some;
    f.at += (size_t)some * f.stride;
    b += (size_t)some * bStride;
    c.at += (size_t)some * c.stride;
  }
}

void KERNEL(gemm)(uint8_t *memory, uint32_t at) {
  const GemmCall *call = (const GemmCall *)(memory + at);
  product((Matrix){memory + call->from, call->fromStride, call->fromRow},
          (Index){call->index == 0 ? NULL : memory + call->index, call->indexStride},
          (Matrix){memory + call->a, call->aStride, call->aRow}, memory + (uint32_t)call->operand, call->inner,
          (Matrix){memory + call->c, call->cStride, call->cRow}, call->rows, call->panels);
}

void KERNEL(accumulateProducts)(uint8_t *memory, uint32_t a, uint32_t aRow, uint32_t b, uint32_t bStride, uint32_t bRow,
                                int32_t inner, uint32_t c, int32_t rows, int32_t panels) {
  const Tiling tiling = tilingOf(rows);
  const size_t cStride = 32 * (size_t)rows;
  Tile tile = {.aRow = aRow, .bStride = bStride, .bRow = bRow, .cStride = cStride, .cRow = 32};
  for (int32_t first = 0; first < inner; first += INNER_BLOCK) {
    tile.steps = (size_t)(inner - first < INNER_BLOCK ? inner - first : INNER_BLOCK);
    for (int32_t panel = 0, some; panel < panels; panel += some) {
      some = panelsOfTile(tiling, panels - panel);
      tile.a = memory + a + (size_t)first * aRow;
      tile.b = memory + b + (size_t)first * bRow + (size_t)panel * bStride;
      tile.c = memory + c + (size_t)panel * cStride;
      for (int32_t number = 0; number < tiling.tiles; number++) {
        const int32_t height = tiling.height + (number < tiling.taller);
        computeTransposed(height, some, &tile);
        tile.a += 4 * (size_t)height;
        tile.c += 32 * (size_t)height;
      }
    }
  }
}
