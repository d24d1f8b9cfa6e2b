/**
 * Writes the AssemblyScript source of the matrix products' inner loops, which cannot be loops themselves: a tile of up to
 * 6 × 8 results sits in twelve 128-bit registers, its rows spelt out, its inner dimension unrolled by BLOCK.
 *
 * What limits such a tile in V8 is not the multiply-add but the six instructions a cycle that the processor takes in: an
 * access to memory costs two or three more for its bounds check. WebAssembly's globals have no such check. So the values
 * of A that a block multiplies with are first spread over vectors and put into globals, and then used for all panels of B.
 * (128-bit multiply-add peak 57 GFLOP/s: 54 with, 49 without.) A pointer moves on after every eight steps: the limit that
 * an access is checked against is computed once for each offset, and eight steps' offsets fit into registers. Fewer
 * instructions count twice where another machine's thread shares the core.
 */

/** Rows of the tallest tile: 12 accumulators, two vectors of B and one of A fill the 15 registers V8 gives out on x64. */
const TILE_ROWS = 6;

/** The lowest tile whose values of A are staged in globals; the ones below are rare and keep the code small. */
const STAGED_TILE_ROWS = 4;

/** Steps of the inner dimension between staging; a multiple of 8. */
const BLOCK = 64;

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const lines = (count: number, line: (index: number) => string): string => range(count).map(line).join("\n");
const list = (count: number, item: (index: number) => string): string => range(count).map(item).join(", ");

const froms = (rows: number): string => list(rows, (r) => `from${r}: usize`);

function load(rows: number): string {
  return lines(rows, (r) => `  let c${r}0 = v128.load(from${r}), c${r}1 = v128.load(from${r}, 16);`);
}

function store(rows: number): string {
  return lines(rows, (r) => `  v128.store(c, c${r}0, ${32 * r}); v128.store(c, c${r}1, ${32 * r + 16});`);
}

/** One step of the inner dimension: the outer product of `rows` values of A with eight of B. */
function step(rows: number, a: (row: number) => string, bOffset: number): string {
  const multiply = lines(rows, (r) =>
    `    x = ${a(r)};
    c${r}0 = f32x4.relaxed_madd(x, b0, c${r}0);
    c${r}1 = f32x4.relaxed_madd(x, b1, c${r}1);`);
  return `    b0 = v128.load(b, ${bOffset}); b1 = v128.load(b, ${bOffset + 16});\n${multiply}`;
}

/** BLOCK steps in groups of eight, each given as its first step's number; left after `groups` of them. */
function block(group: (first: number) => string, afterGroup: string): string {
  const groups = BLOCK / 8;
  return lines(groups, (g) =>
    `${group(8 * g)}
${g + 1 < groups ? `    if (groups == ${g + 1}) break;\n    ${afterGroup}` : ""}`);
}

/** One vector for each of the `rows` values that lie together from `a` + `offset`, put into the globals that `name` gives. */
function spread(rows: number, offset: number, name: (row: number) => string): string {
  // Rows from 0 in vectors of four; the last vector ends with the last row.
  const first = (r: number) => Math.min(4 * Math.floor(r / 4), rows - 4);
  return lines(rows, (r) => {
    const lane = r - first(r);
    const loads = r % 4 === 0 ? `    x = v128.load(a, ${offset + 4 * first(r)});\n` : "";
    return `${loads}    ${name(r)} = v128.shuffle<f32>(x, x, ${lane}, ${lane}, ${lane}, ${lane});`;
  });
}

const splat = (row: number, k: number): string => `v128.load32_splat(a, ${32 * row + 4 * (k % 8)})`;

/** The loop over a block's inner steps, all values of A staged. */
function stagedSteps(rows: number): string {
  return block(
    (first) => lines(8, (k) => step(rows, (r) => `a${r}_${first + k}`, 32 * k)),
    "b += 256;",
  );
}

/** C[panels][rows][8] = from + A · B for `rows` rows, A in panels: value (row, k) at `a + (k / 8) aStride + 32 row + 4 (k % 8)`. */
function panelRows(rows: number): string {
  return `function stagePanels${rows}(a: usize, aStride: usize, groups: i32): void {
  let x: v128;
  do {
${block((first) => lines(rows, (r) => spread(8, 32 * r, (k) => `a${r}_${first + k}`)), "a += aStride;")}
  } while (false);
}

function panelTile${rows}(${froms(rows)}, b: usize, c: usize, groups: i32): void {
  let b0: v128, b1: v128, x: v128;
${load(rows)}
  do {
${stagedSteps(rows)}
  } while (false);
${store(rows)}
}

export function panelRows${rows}(
  ${
    froms(rows)
  }, fromStride: usize, a: usize, aStride: usize, b: usize, inner: i32, c: usize, cStride: usize, panels: i32,
): void {
  for (let k = 0; k < inner; k += ${BLOCK}) {
    const groups = min(${BLOCK}, inner - k) >> 3;
    stagePanels${rows}(a, aStride, groups);
    let target = c, kernel = b;
    for (let panel = 0; panel < panels; panel++) {
      panelTile${rows}(${list(rows, (r) => `from${r}`)}, kernel, target, groups);
${lines(rows, (r) => `      from${r} += fromStride;`)}
      target += cStride;
      kernel += 32 * <usize>inner;
    }
${lines(rows, (r) => `    from${r} = c + ${32 * r};`)}
    fromStride = cStride;
    a += ${BLOCK / 8} * aStride;
    b += ${32 * BLOCK};
  }
}
`;
}

/** The same without staging. */
function plainPanelRows(rows: number): string {
  return `export function panelRows${rows}(
  ${
    froms(rows)
  }, fromStride: usize, a: usize, aStride: usize, b: usize, inner: i32, c: usize, cStride: usize, panels: i32,
): void {
  let b0: v128, b1: v128, x: v128;
  for (let panel = 0; panel < panels; panel++) {
${load(rows)}
    let source = a;
    for (let end = b + 32 * <usize>inner; b < end; b += 256) {
${lines(8, (k) => step(rows, (r) => splat(r, k).replace("(a,", "(source,"), 32 * k))}
      source += aStride;
    }
${store(rows)}
${lines(rows, (r) => `    from${r} += fromStride;`)}
    c += cStride;
  }
}
`;
}

/** C[panels][rows][8] += Aᵀ · B for \`8 groups\` steps, A row-major: value (row, k) at \`a + k aStride + 4 row\`. */
function transposedRows(rows: number): string {
  return `function stageTransposed${rows}(a: usize, aStride: usize, groups: i32): void {
  let x: v128;
  do {
${block((first) => lines(8, (k) => `${spread(rows, 0, (r) => `a${r}_${first + k}`)}\n    a += aStride;`), "")}
  } while (false);
}

function transposedTile${rows}(${froms(rows)}, b: usize, c: usize, groups: i32): void {
  let b0: v128, b1: v128, x: v128;
${load(rows)}
  do {
${stagedSteps(rows)}
  } while (false);
${store(rows)}
}

export function transposedRows${rows}(
  a: usize, aStride: usize, b: usize, bStride: usize, groups: i32, c: usize, cStride: usize, panels: i32,
): void {
  stageTransposed${rows}(a, aStride, groups);
  for (let panel = 0; panel < panels; panel++) {
    transposedTile${rows}(${list(rows, (r) => `c + ${32 * r}`)}, b, c, groups);
    c += cStride;
    b += bStride;
  }
}
`;
}

/** The same for any number of steps, without staging. */
function plainTransposedRows(rows: number): string {
  return `export function plainTransposedRows${rows}(
  a: usize, aStride: usize, b: usize, bStride: usize, inner: i32, c: usize, cStride: usize, panels: i32,
): void {
  let b0: v128, b1: v128, x: v128;
  for (let panel = 0; panel < panels; panel++) {
${lines(rows, (r) => `    const from${r} = c + ${32 * r};`)}
${load(rows)}
    let source = a;
    let kernel = b;
    for (let k = 0; k < inner; k++) {
${step(rows, (r) => `v128.load32_splat(source, ${4 * r})`, 0).replaceAll("(b,", "(kernel,")}
      source += aStride;
      kernel += 32;
    }
${store(rows)}
    c += cStride;
    b += bStride;
  }
}
`;
}

/** The source of `tiles.ts` as AssemblyScript imports it. */
export function tilesSource(): string {
  const heights = range(TILE_ROWS).map((r) => r + 1);
  const staged = heights.filter((rows) => rows >= STAGED_TILE_ROWS);
  const plain = heights.filter((rows) => rows < STAGED_TILE_ROWS);
  return [
    lines(TILE_ROWS, (r) => lines(BLOCK, (k) => `let a${r}_${k}: v128 = f32x4.splat(0);`)),
    ...staged.map(panelRows),
    ...plain.map(plainPanelRows),
    ...staged.map(transposedRows),
    ...heights.map(plainTransposedRows),
  ].join("\n");
}
