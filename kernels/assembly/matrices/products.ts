// Declares the inner loops of matrix products, which are a module of their own: kernels/products.ts writes it and says why.
//
// The right operand of panelRows is staged under a number first, that of transposedRows as the block.

/** Stages B[panels][inner][8] as `operand`, a small number that the caller chooses; inner is a multiple of 8. */
// @ts-ignore: decorator
@external("products", "stageOperand")
export declare function stageOperand(operand: i32, from: usize, inner: i32, panels: i32): void;

/** Stages B, of at most 128 rows (`steps`), as the block. */
// @ts-ignore: decorator
@external("products", "stageBlock")
export declare function stageBlock(b: usize, bStride: usize, bRow: usize, steps: i32, panels: i32): void;

// @ts-ignore: decorator
@external("products", "panelRows1")
export declare function panelRows1(
  from0: usize, fromStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32, c: usize, cStride: usize, cRow: usize, panels: i32,
): void;

// @ts-ignore: decorator
@external("products", "panelRows2")
export declare function panelRows2(
  from0: usize, from1: usize, fromStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32, c: usize, cStride: usize, cRow: usize, panels: i32,
): void;

// @ts-ignore: decorator
@external("products", "panelRows3")
export declare function panelRows3(
  from0: usize, from1: usize, from2: usize, fromStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32, c: usize, cStride: usize, cRow: usize, panels: i32,
): void;

// @ts-ignore: decorator
@external("products", "panelRows4")
export declare function panelRows4(
  from0: usize, from1: usize, from2: usize, from3: usize, fromStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32, c: usize, cStride: usize, cRow: usize, panels: i32,
): void;

// @ts-ignore: decorator
@external("products", "panelRows5")
export declare function panelRows5(
  from0: usize, from1: usize, from2: usize, from3: usize, from4: usize, fromStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32, c: usize, cStride: usize, cRow: usize, panels: i32,
): void;

// @ts-ignore: decorator
@external("products", "panelRows6")
export declare function panelRows6(
  from0: usize, from1: usize, from2: usize, from3: usize, from4: usize, from5: usize, fromStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32, c: usize, cStride: usize, cRow: usize, panels: i32,
): void;

// @ts-ignore: decorator
@external("products", "transposedRows1")
export declare function transposedRows1(a: usize, aRow: usize, steps: i32, c: usize, cStride: usize, panels: i32): void;

// @ts-ignore: decorator
@external("products", "transposedRows2")
export declare function transposedRows2(a: usize, aRow: usize, steps: i32, c: usize, cStride: usize, panels: i32): void;

// @ts-ignore: decorator
@external("products", "transposedRows3")
export declare function transposedRows3(a: usize, aRow: usize, steps: i32, c: usize, cStride: usize, panels: i32): void;

// @ts-ignore: decorator
@external("products", "transposedRows4")
export declare function transposedRows4(a: usize, aRow: usize, steps: i32, c: usize, cStride: usize, panels: i32): void;

// @ts-ignore: decorator
@external("products", "transposedRows5")
export declare function transposedRows5(a: usize, aRow: usize, steps: i32, c: usize, cStride: usize, panels: i32): void;

// @ts-ignore: decorator
@external("products", "transposedRows6")
export declare function transposedRows6(a: usize, aRow: usize, steps: i32, c: usize, cStride: usize, panels: i32): void;
