/** Runs pooling over time and the dense layer, above the LSTMs. */
import { type ParameterLayout, tensorNamed } from "../../model/layout.ts";
import type { ModelSpec } from "../../model/spec.ts";
import { DropoutArea } from "../dropout.ts";
import type { SimdCell, SimdChunk } from "./lstm/cell.ts";
import type { SimdMasks } from "./masks.ts";
import type { SimdKernels } from "./bindings.gen.ts";
import type { SimdScratch } from "./memory/scratch.ts";
import { type PooledPart, type PoolingMode, poolingMode } from "./pooling.ts";
import { padded, panelsOf, parts, rowStride, seriesBytes } from "./memory/shapes.ts";

export class SimdHead {
  /** Counts the panels of the classes. */
  readonly classPanels: number;
  readonly #kernels: SimdKernels;
  readonly #spec: ModelSpec;
  readonly #pooling: PoolingMode;
  readonly #at: SimdScratch;
  /** Lists the last layer's LSTMs, one for each part. */
  readonly #cells: readonly SimdCell[];
  readonly #panels: number;
  /** Counts the bytes from row to row of states. */
  readonly #stateRow: number;
  /** Byte offsets in a flat vector. */
  readonly #denseKernel: number;
  readonly #denseBias: number;

  constructor(
    kernels: SimdKernels,
    spec: ModelSpec,
    layout: ParameterLayout,
    at: SimdScratch,
    cells: readonly SimdCell[],
  ) {
    this.classPanels = panelsOf(spec.classes);
    this.#kernels = kernels;
    this.#spec = spec;
    this.#pooling = poolingMode(spec.pooling);
    this.#at = at;
    this.#cells = cells;
    this.#panels = panelsOf(spec.hidden);
    this.#stateRow = rowStride(spec.hidden);
    this.#denseKernel = 4 * tensorNamed(layout, "dense/kernel").offset;
    this.#denseBias = 4 * tensorNamed(layout, "dense/bias").offset;
  }

  /** Is true if only the states of the last step have gradients. */
  get takesLast(): boolean {
    return this.#pooling.takesLast;
  }

  /** Packs the weights at `source` and stages them. */
  pack(source: number): void {
    const { hidden, classes } = this.#spec;
    const kernels = this.#kernels, at = this.#at;
    for (let part = 0; part < this.#cells.length; part++) {
      const packed = at.denseKernel + this.#packedPart(part), inner = padded(hidden);
      kernels.packColumns(this.#tensorPart(source, part), hidden, 1, classes, packed, inner);
      kernels.stageOperand(this.#kernel(part), packed, inner, this.classPanels);
    }
    kernels.packColumns(source + this.#denseBias, 1, 1, classes, at.denseBias, 1);
  }

  /** Packs and stages those weights at `source` that only the backward pass needs. */
  packBackward(source: number): void {
    const { hidden, classes } = this.#spec;
    const kernels = this.#kernels, at = this.#at;
    for (let part = 0; part < this.#cells.length; part++) {
      const packed = at.denseKernelT + this.#packedPart(part);
      kernels.packRows(this.#tensorPart(source, part), hidden, 1, classes, packed);
      kernels.stageOperand(this.#transpose(part), packed, padded(classes), this.#panels);
    }
  }

  /** Zeroes the sums over chunks. */
  beginBackward(): void {
    const at = this.#at;
    this.#kernels.zero(at.denseKernelGradient, at.slotOfToken - at.denseKernelGradient);
  }

  /** Computes logits from states. */
  forward(chunk: SimdChunk, masks: SimdMasks | undefined): void {
    const at = this.#at, panels = this.#panels, classPanels = this.classPanels;
    const { rows } = chunk;
    for (let part = 0; part < this.#cells.length; part++) {
      if (this.#pools(masks)) this.#pool(chunk, part, masks);
      this.#kernels.gemm({
        from: part === 0 ? at.denseBias : at.logits,
        fromStride: part === 0 ? 32 : 32 * rows,
        fromRow: part === 0 ? 0 : 32,
        index: 0,
        indexStride: 0,
        a: this.#pooled(chunk, part, masks),
        aStride: 32,
        aRow: this.#stateRow,
        operand: this.#kernel(part),
        inner: 8 * panels,
        c: at.logits,
        cStride: 32 * rows,
        cRow: 32,
        rows,
        panels: classPanels,
      });
    }
  }

  /** Computes the dense layer's gradients from those of the logits. */
  backward(chunk: SimdChunk, masks: SimdMasks | undefined): void {
    const kernels = this.#kernels, at = this.#at;
    const { hidden } = this.#spec;
    const { rows } = chunk, stateRow = this.#stateRow, classPanels = this.classPanels;
    const { logits } = at, stride = 32 * rows;
    for (let part = 0; part < this.#cells.length; part++) {
      const pooled = this.#pooled(chunk, part, masks), gradient = this.#gradientPart(part);
      kernels.accumulateProducts(pooled, stateRow, logits, stride, 32, rows, gradient, hidden, classPanels);
    }
    kernels.columnSums(logits, stride, 32, classPanels, rows, at.denseBiasGradient);
  }

  /**
   * Computes the gradients of the states of `part` from those of the logits: at all steps, in panels over time, or only at
   * the last step if `takesLast`. Returns their byte offset.
   */
  statesBackward(chunk: SimdChunk, part: number, masks: SimdMasks | undefined): number {
    const kernels = this.#kernels, at = this.#at, panels = this.#panels;
    const { rows, length } = chunk;
    kernels.gemm({
      from: at.zeros,
      fromStride: 32,
      fromRow: 0,
      index: 0,
      indexStride: 0,
      a: at.logits,
      aStride: 32 * rows,
      aRow: 32,
      operand: this.#transpose(part),
      inner: 8 * this.classPanels,
      c: at.stateGradient,
      cStride: 32 * rows,
      cRow: 32,
      rows,
      panels,
    });
    if (masks) this.#drop(chunk, part, masks, at.stateGradient, 32 * rows, 32);
    const pooled = this.#pooledPart(chunk, part);
    return this.#pooling.backward(kernels, pooled, at.stateGradient, at.stateGradients, seriesBytes(rows, length));
  }

  /** Writes the gradients of all chunks to the flat vector at `target`. */
  unpack(target: number): void {
    const { hidden, classes } = this.#spec;
    const kernels = this.#kernels, at = this.#at;
    for (let part = 0; part < this.#cells.length; part++) {
      kernels.unpackColumns(this.#gradientPart(part), hidden, this.#tensorPart(target, part), hidden, 1, classes);
    }
    kernels.unpackColumns(at.denseBiasGradient, 1, target + this.#denseBias, 1, 1, classes);
  }

  /** Returns whether the dense layer's input is a separate matrix, and not the states of the last step. */
  #pools(masks: SimdMasks | undefined): boolean {
    return masks !== undefined || !this.takesLast;
  }

  /** Returns the byte offset of the dense layer's input from `part`. */
  #pooled(chunk: SimdChunk, part: number, masks: SimdMasks | undefined): number {
    return this.#pools(masks) ? this.#pooledAt(chunk, part) : this.#cells[part]!.lastStates(chunk);
  }

  /** Writes the dense layer's input from `part`. */
  #pool(chunk: SimdChunk, part: number, masks: SimdMasks | undefined): void {
    const to = this.#pooledAt(chunk, part);
    this.#pooling.forward(this.#kernels, this.#pooledPart(chunk, part), to);
    if (masks) this.#drop(chunk, part, masks, to, 32, this.#stateRow);
  }

  #drop(chunk: SimdChunk, part: number, masks: SimdMasks, matrix: number, stride: number, row: number): void {
    const { hidden } = this.#spec;
    const mask = masks.of(DropoutArea.pooled), width = parts(this.#spec) * hidden;
    this.#kernels.drop({
      mask,
      factors: this.#at.factors,
      index: 0,
      first: chunk.first,
      count: chunk.rows,
      elements: width,
      offset: part * hidden,
      width: hidden,
      matrix,
      stride,
      row,
      kept: 0,
    });
  }

  #tensorPart(values: number, part: number): number {
    return values + this.#denseKernel + 4 * this.#spec.hidden * this.#spec.classes * part;
  }

  /** Returns the byte offset of `part` among packed weights. */
  #packedPart(part: number): number {
    return 32 * 8 * this.#panels * this.classPanels * part;
  }

  /** Returns the number of the operand as which the kernel of `part` is staged. */
  #kernel(part: number): number {
    return this.#at.denseOperands + 2 * part;
  }

  #transpose(part: number): number {
    return this.#kernel(part) + 1;
  }

  #gradientPart(part: number): number {
    return this.#at.denseKernelGradient + 32 * this.#spec.hidden * this.classPanels * part;
  }

  #pooledPart({ rows, length, starts, buffer }: SimdChunk, part: number): PooledPart {
    const { at, cell: { backward } } = this.#cells[part]!;
    const panels = this.#panels, stateRow = this.#stateRow;
    const { states } = at.series[buffer], winners = this.#at.winners + 32 * panels * rows * part;
    return { rows, length, panels, starts, backward, states, stateRow, winners };
  }

  #pooledAt({ rows }: SimdChunk, part: number): number {
    return this.#at.pooled + this.#stateRow * rows * part;
  }
}
