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
    UNROLL_4 for (size_t left = tile->steps; left > 0; left--, a += aRow, b += bRow) {
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

/** Defines a function for each size of a tile: compilers need much longer for one large function. */
#define TILE(rows, panels)                                                                                   \
  static __attribute__((noinline)) void tile##rows##x##panels(const Tile *tile) {                            \
    if (isTile(rows, panels)) compute(rows, panels, 0, tile);                                                \
  }                                                                                                          \
  static __attribute__((noinline)) void transposed##rows##x##panels(const Tile *tile) {                      \
    if (isTile(rows, panels)) compute(rows, panels, 1, tile);                                                \
  }
#define WIDTHS(rows) TILE(rows, 1) TILE(rows, 2) TILE(rows, 3) TILE(rows, 4) TILE(rows, 8)
WIDTHS(1) WIDTHS(2) WIDTHS(3) WIDTHS(4) WIDTHS(5) WIDTHS(6)
WIDTHS(7) WIDTHS(8) WIDTHS(9) WIDTHS(10) WIDTHS(11) WIDTHS(12)

typedef void TileFunction(const Tile *tile);

#define LIST(name, rows) {name##rows##x1, name##rows##x2, name##rows##x3, name##rows##x4, name##rows##x8}
#define LISTS(name)                                                                                          \
  {LIST(name, 1), LIST(name, 2), LIST(name, 3), LIST(name, 4), LIST(name, 5), LIST(name, 6),                 \
   LIST(name, 7), LIST(name, 8), LIST(name, 9), LIST(name, 10), LIST(name, 11), LIST(name, 12)}
static TileFunction *const TILES[12][5] = LISTS(tile), *const TRANSPOSED[12][5] = LISTS(transposed);

INLINE TileFunction *tileOf(TileFunction *const tiles[12][5], int32_t rows, int32_t panels) {
  return tiles[rows - 1][panels == 8 ? 4 : panels - 1];
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
      tileOf(TILES, height, some)(&tile);
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
        tileOf(TRANSPOSED, height, some)(&tile);
        tile.a += 4 * (size_t)height;
        tile.c += 32 * (size_t)height;
      }
    }
  }
}
