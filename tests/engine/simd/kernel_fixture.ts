/** Binds the simd engine's kernels to a memory of their own, and makes matrices in it. */
import { STRUCT_BYTES } from "../../../lib/engine/simd/bindings.gen.ts";
import { bindKernels } from "../../../lib/engine/simd/kernels.ts";
import { Random, Stream } from "../../../lib/base/numbers/random.ts";
import { SharedVectors } from "./shared_vectors.ts";

export const vectors = new SharedVectors(2 ** 27);
export const kernels = bindKernels(vectors.memory, vectors.allocate(STRUCT_BYTES));
const random = new Random(1, Stream.weights);
export const normals = (count: number): Float32Array =>
  vectors.floats(Array.from({ length: count }, () => random.normal()));

/** Returns the position of (row, column) in a matrix of `rows` rows in panels. */
export const inPanels = (panels: Float32Array, rows: number, row: number, column: number): number =>
  panels[(column >> 3) * rows * 8 + row * 8 + (column & 7)]!;

/** Holds a matrix and its layout for kernels: the bytes from panel to panel and from row to row. */
export interface Matrix {
  readonly values: Float32Array;
  readonly stride: number;
  readonly row: number;
  /** Returns the position of a value in `values`. */
  readonly index: (row: number, column: number) => number;
  readonly at: (row: number, column: number) => number;
}

/** Makes random numbers in `panels` · 8 columns: in panels, or row-major with other numbers after each row. */
export function matrix(rows: number, panels: number, isRowMajor: boolean): Matrix {
  const stride = isRowMajor ? 8 : 8 * rows, row = isRowMajor ? 8 * panels + 16 : 8;
  const values = normals(isRowMajor ? rows * row : panels * stride);
  const index = (r: number, column: number) => (column >> 3) * stride + r * row + (column & 7);
  return { values, stride: 4 * stride, row: 4 * row, index, at: (r, column) => values[index(r, column)]! };
}
