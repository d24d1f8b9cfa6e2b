/**
 * Writes the AssemblyScript source of the two matrix products' inner loops. They hold a tile of up to 6 × 8 results in
 * twelve 128-bit registers and cannot be loops themselves: the tile's heights 1 to 6 and the unrolled steps are spelt out.
 */

/** Rows of the tallest tile: 12 accumulators, two vectors of B and one of A fill the 15 registers V8 gives out on x64. */
export const TILE_ROWS = 6;

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const lines = (count: number, line: (index: number) => string): string => range(count).map(line).join("\n");

function load(rows: number): string {
  return lines(rows, (r) => `  let c${r}0 = v128.load(c, ${32 * r}), c${r}1 = v128.load(c, ${32 * r + 16});`);
}

function store(rows: number): string {
  return lines(rows, (r) => `  v128.store(c, c${r}0, ${32 * r}); v128.store(c, c${r}1, ${32 * r + 16});`);
}

/** One step of the inner dimension: an outer product of `rows` values of A with eight of B. */
function step(rows: number, a: (row: number) => string, b: string, bOffset: number): string {
  const multiply = lines(rows, (r) =>
    `    x = v128.load32_splat(${a(r)});
    c${r}0 = f32x4.relaxed_madd(x, b0, c${r}0);
    c${r}1 = f32x4.relaxed_madd(x, b1, c${r}1);`);
  return `    b0 = v128.load(${b}, ${bOffset}); b1 = v128.load(${b}, ${bOffset + 16});\n${multiply}`;
}

/** A in panels: value (row, k) at `a + (k / 8) * aStride + row * 32 + (k % 8) * 4`. */
function panelTile(rows: number): string {
  return `function panelTile${rows}(a: usize, aStride: usize, b: usize, bEnd: usize, c: usize): void {
  let b0: v128, b1: v128, x: v128;
${load(rows)}
  while (b < bEnd) {
${lines(8, (k) => step(rows, (r) => `a, ${32 * r + 4 * k}`, "b", 32 * k))}
    a += aStride;
    b += 256;
  }
${store(rows)}
}
`;
}

/** A transposed, row-major: value (row, k) at `a + k * aStride + row * 4`. */
function transposedTile(rows: number): string {
  return `function transposedTile${rows}(a: usize, aStride: usize, b: usize, bEnd: usize, c: usize): void {
  let b0: v128, b1: v128, x: v128;
${load(rows)}
  const bEnd4 = b + ((bEnd - b) & ~127);
  while (b < bEnd4) {
${lines(4, (k) => `${step(rows, (r) => `a, ${4 * r}`, "b", 32 * k)}\n    a += aStride;`)}
    b += 128;
  }
  while (b < bEnd) {
${step(rows, (r) => `a, ${4 * r}`, "b", 0)}
    a += aStride;
    b += 32;
  }
${store(rows)}
}
`;
}

function choose(name: string): string {
  return `export function ${name}(rows: i32, a: usize, aStride: usize, b: usize, bEnd: usize, c: usize): void {
${
    range(TILE_ROWS).reverse().map((r) =>
      `  if (rows == ${r + 1}) { ${name}${r + 1}(a, aStride, b, bEnd, c); return; }`
    )
      .join("\n")
  }
}
`;
}

/** The source of `tiles.ts` as AssemblyScript imports it. */
export function tilesSource(): string {
  const heights = range(TILE_ROWS).map((r) => r + 1);
  return [
    ...heights.map(panelTile),
    choose("panelTile"),
    ...heights.map(transposedTile),
    choose("transposedTile"),
  ].join("\n");
}
