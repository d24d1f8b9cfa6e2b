/**
 * Passes all states of a layer's LSTMs up as the inputs of each LSTM above, in its own order of time, and the gradients
 * down. If the orders differ, `mirror` maps one to the other.
 */
import type { ModelSpec } from "../../../model/spec.ts";
import { inputArea } from "../../dropout.ts";
import type { SimdCell, SimdChunk } from "./cell.ts";
import type { SimdMasks } from "../masks.ts";
import type { SimdKernels } from "../bindings.gen.ts";
import type { SimdScratch } from "../memory/scratch.ts";
import { padded, panelsOf, parts, rowStride, seriesBytes } from "../memory/shapes.ts";

export class SimdLayerInputs {
  readonly #kernels: SimdKernels;
  readonly #spec: ModelSpec;
  readonly #scratch: SimdScratch;
  /** Counts the panels of a part. */
  readonly #panels: number;

  constructor(kernels: SimdKernels, spec: ModelSpec, scratch: SimdScratch) {
    this.#kernels = kernels;
    this.#spec = spec;
    this.#scratch = scratch;
    this.#panels = panelsOf(spec.hidden);
  }

  /** Finds the positions of the chunk's steps in the other direction and in the batch, if they are needed. */
  findPositions(chunk: SimdChunk, masks: SimdMasks | undefined): void {
    const kernels = this.#kernels;
    const { layers, bidirectional } = this.#spec;
    const { first, rows, length, batchLength, starts } = chunk;
    if (layers === 1) return;
    if (bidirectional) kernels.mirrorSteps(rows, length, starts, this.#scratch.mirror);
    if (!masks) return;
    kernels.stepPositions(rows, length, starts, first, batchLength, 0, this.#positions(false, chunk));
    if (bidirectional) kernels.stepPositions(rows, length, starts, first, batchLength, 1, this.#positions(true, chunk));
  }

  /** Computes the contributions of the outputs of the layer `below` to the gates of `cell`. */
  forward(cell: SimdCell, below: readonly SimdCell[], chunk: SimdChunk, masks: SimdMasks | undefined): void {
    const { at, cell: { backward } } = cell;
    const kernels = this.#kernels, panels = this.#panels;
    const { rows, length } = chunk;
    const { hidden } = this.#spec;
    const count = rows * length;
    const stateRow = rowStride(hidden), inputRow = rowStride(below.length * padded(hidden));
    for (const [part, { at: { series: buffers }, cell: lower }] of below.entries()) {
      const { states } = buffers[chunk.buffer];
      const index = lower.backward === backward ? 0 : this.#scratch.mirror;
      const inputs = at.inputs + 32 * panels * part;
      kernels.pickRows(states, 32, stateRow, index, 4, inputs, 32, inputRow, count, panels);
      if (masks) this.#drop(cell, part, chunk, masks, inputs, 32, inputRow);
    }
    cell.projectInputs(chunk);
  }

  /** Computes the gradients of the inputs of `cell`, before dropout, from its gate gradients, in its own order of time. */
  backward(cell: SimdCell, chunk: SimdChunk, masks: SimdMasks | undefined): void {
    cell.inputsBackward(chunk);
    if (!masks) return;
    const series = seriesBytes(chunk.rows, chunk.length);
    for (let part = 0; part < parts(this.#spec); part++) {
      this.#drop(cell, part, chunk, masks, this.gradients(cell, part, chunk), series, 32);
    }
  }

  /** Adds, to the gradients that each LSTM has for the one below in its direction, those of the other LSTM. */
  join(cells: readonly SimdCell[], chunk: SimdChunk): void {
    for (const [part, cell] of cells.entries()) {
      const other = cells[1 - part];
      if (!other) return;
      const from = this.gradients(other, part, chunk), to = this.gradients(cell, part, chunk);
      const series = seriesBytes(chunk.rows, chunk.length), count = chunk.rows * chunk.length;
      this.#kernels.addIndexedRows(from, this.#scratch.mirror, count, this.#panels, series, to);
    }
  }

  /** Returns the byte offset of the gradients of the inputs of `cell` from `part` of the layer below, in panels. */
  gradients({ at }: SimdCell, part: number, { rows, length }: SimdChunk): number {
    return at.inputGradients + seriesBytes(rows, length) * this.#panels * part;
  }

  #positions(backward: boolean, { rows, length }: SimdChunk): number {
    return this.#scratch.positions + (backward ? 4 * rows * length : 0);
  }

  /** Drops values of inputs or of their gradients. */
  #drop(
    cell: SimdCell,
    part: number,
    chunk: SimdChunk,
    masks: SimdMasks,
    matrix: number,
    stride: number,
    row: number,
  ): void {
    const { hidden } = this.#spec;
    const { layer, backward } = cell.cell;
    this.#kernels.drop({
      mask: masks.of(inputArea(layer)),
      factors: this.#scratch.factors,
      index: this.#positions(backward, chunk),
      first: 0,
      count: chunk.rows * chunk.length,
      elements: parts(this.#spec) * hidden,
      offset: part * hidden,
      width: hidden,
      matrix,
      stride,
      row,
      kept: 0,
    });
  }
}
