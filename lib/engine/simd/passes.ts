/**
 * Orders the passes of a step over the simd engine's scratch memory: packing, forward, backward. Arguments are byte offsets,
 * which callers have checked.
 *
 * A step does less than the textbook's. A token's product with the input kernel is computed once per distinct token of the
 * batch, and so are its gradients, from gate gradients summed by token. If only the next step needs step 0, that is computed
 * once per distinct first token, without a recurrent product.
 */
import type { Batch } from "../../data/batches/batch.ts";
import { gapsOf, lstmCells, type ParameterLayout } from "../../model/layout.ts";
import type { ModelSpec } from "../../model/spec.ts";
import { DropoutArea } from "../dropout.ts";
import { SimdCell, type SimdChunk } from "./lstm/cell.ts";
import { SimdCellWeights } from "./lstm/cell_weights.ts";
import type { SimdMasks } from "./masks.ts";
import { SimdFirstStep } from "./lstm/first_step.ts";
import { SimdHead } from "./head.ts";
import type { SimdKernels } from "./bindings.gen.ts";
import { SimdLayerInputs } from "./lstm/layer_inputs.ts";
import { hasFirstStep, type SimdScratch } from "./memory/scratch.ts";
import { rowStride, seriesBytes } from "./memory/shapes.ts";
import type { SimdVectors } from "./vectors.ts";
import type { Sums } from "./work_sharing.ts";

export class SimdPasses {
  readonly scratch: SimdScratch;
  readonly head: SimdHead;
  readonly #kernels: SimdKernels;
  readonly #sums: Sums;
  readonly #spec: ModelSpec;
  readonly #vectors: SimdVectors;
  readonly #gaps: ReturnType<typeof gapsOf>;
  /** Counts the bytes from row to row of the distinct tokens' vectors and their gradients. */
  readonly #vectorRow: number;
  readonly #weights: readonly SimdCellWeights[];
  /** Lists the LSTMs of each layer, forward before backward; each gives a part of the layer's output. */
  readonly #layers: readonly (readonly SimdCell[])[];
  readonly #inputs: SimdLayerInputs;
  /** Is set for models whose step 0 only the next step needs. */
  readonly #firstStepOfFullRows: SimdFirstStep | undefined;
  /** Views `starts`. */
  readonly #starts: Int32Array;
  /** The weights that `hold` promised not to change, and whether these are packed. */
  #held: number | undefined;
  #isPacked = false;
  #isPackedBackward = false;
  /** Describe the batch that was prepared last. */
  #distinct = 0;
  #isPadded = false;
  #masks: SimdMasks | undefined;
  #firstStep: SimdFirstStep | undefined;
  readonly #chunk: { -readonly [Key in keyof SimdChunk]: SimdChunk[Key] };

  constructor(
    kernels: SimdKernels,
    spec: ModelSpec,
    layout: ParameterLayout,
    scratch: SimdScratch,
    memory: WebAssembly.Memory,
    maxBatch: number,
    sums: Sums,
    vectors: SimdVectors,
  ) {
    this.scratch = scratch;
    this.#kernels = kernels;
    this.#sums = sums;
    this.#chunk = { first: 0, rows: 0, length: 0, batchLength: 0, starts: 0, buffer: sums.buffer };
    this.#spec = spec;
    this.#vectors = vectors;
    this.#gaps = gapsOf(layout);
    this.#vectorRow = rowStride(spec.embedding);
    this.#inputs = new SimdLayerInputs(kernels, spec, scratch);
    this.#starts = new Int32Array(memory.buffer, scratch.starts, maxBatch);
    const cells = lstmCells(spec);
    const ofCell = scratch.ofCell;
    this.#weights = cells.map((cell, index) => new SimdCellWeights(kernels, spec, layout, cell, ofCell[index]!));
    const passes = cells.map((cell, index) => new SimdCell(kernels, sums, spec, cell, scratch, ofCell[index]!));
    this.#layers = Array.from(
      { length: spec.layers },
      (_, index) => passes.filter(({ cell }) => cell.layer === index + 1),
    );
    if (hasFirstStep(spec)) this.#firstStepOfFullRows = new SimdFirstStep(kernels, sums, spec, scratch);
    this.head = new SimdHead(kernels, spec, layout, scratch, this.#layers.at(-1)!);
  }

  /** Promises that the weights at `source` do not change until the next call; without `source`, all may change. */
  hold(source: number | undefined): void {
    this.#held = source;
    this.#isPacked = this.#isPackedBackward = false;
  }

  /**
   * Packs the weights at `source` and projects the distinct tokens of `batch`, which lies at `tokens`; `masks`, if given,
   * drop values until the next call. Throws a RangeError for a length or a token out of range.
   */
  prepare(source: number, tokens: number, batch: Batch, masks: SimdMasks | undefined): void {
    const kernels = this.#kernels, at = this.scratch;
    const { size, length, vectors } = batch;
    const count = vectors ? vectors.count : this.#spec.vocabulary;
    this.#masks = masks;
    this.#isPadded = this.#findStarts(batch);
    const starts = this.#isPadded ? at.starts : 0;
    const distinct = kernels.distinctTokens(
      tokens,
      size,
      length,
      starts,
      count,
      at.slotOfToken,
      at.tokenOfSlot,
      at.slots,
    );
    if (distinct < 0) {
      const token = batch.tokens[-1 - distinct];
      throw new RangeError(`batch.tokens[${-1 - distinct}] is ${token}: expected 0 to ${count - 1}`);
    }
    this.#distinct = distinct;
    if (this.#spec.bidirectional) kernels.reverseSlots(at.slots, size, length, starts, at.reversedSlots);
    this.#vectors.gather(source, batch, distinct);
    if (masks) this.#dropVectors(masks);
    if (!this.#isPacked || source !== this.#held) this.#pack(source);
    for (const cell of this.#layers[0]!) cell.projectTokens(distinct);
    this.#firstStep = this.#isPadded ? undefined : this.#firstStepOfFullRows;
    this.#firstStep?.prepare(size, length);
  }

  /** Packs those weights at `source` that only the backward pass needs, and zeroes the sums over chunks. */
  beginBackward(source: number): void {
    if (!this.#isPackedBackward) {
      for (const weights of this.#weights) weights.packBackward(source);
      this.head.packBackward(source);
      this.#isPackedBackward = source === this.#held;
    }
    for (const weights of this.#weights) weights.beginBackward(this.#distinct);
    this.head.beginBackward();
    this.#firstStep?.beginBackward();
  }

  /** Computes the logits of the batch's rows `first` to `first + rows - 1`. Call it once for each row after `prepare`. */
  forward(first: number, rows: number, length: number): void {
    const chunk = this.#chunk;
    chunk.first = first;
    chunk.rows = rows;
    chunk.length = chunk.batchLength = length;
    chunk.starts = 0;
    chunk.buffer = this.#sums.buffer;
    if (this.#isPadded) this.#cutPadding();
    this.#inputs.findPositions(chunk, this.#masks);
    for (const [index, cells] of this.#layers.entries()) {
      for (const cell of cells) {
        if (index > 0) this.#inputs.forward(cell, this.#layers[index - 1]!, chunk, this.#masks);
        if (this.#firstStep) this.#firstStep.forward(chunk, this.#slots(cell));
        else cell.forward(chunk, index > 0 ? 0 : this.#slots(cell));
      }
    }
    this.head.forward(chunk, this.#masks);
  }

  /**
   * Computes, from the gradient of the last chunk's logits, those of all kernels except the first layer's, whose gates are
   * summed by token. `chunksLeft` chunks follow.
   */
  backward(chunksLeft: number): void {
    const chunk = this.#chunk;
    const series = seriesBytes(chunk.rows, chunk.length);
    this.head.backward(chunk, this.#masks);
    for (let index = this.#layers.length - 1; index >= 0; index--) {
      const cells = this.#layers[index]!, above = this.#layers[index + 1];
      for (const [part, cell] of cells.entries()) {
        const gradients = above
          ? this.#inputs.gradients(above[part]!, part, chunk)
          : this.head.statesBackward(chunk, part, this.#masks);
        const isLast = !above && this.head.takesLast;
        if (this.#firstStep) {
          this.#firstStep.backward(chunk, gradients, this.#slots(cell));
          continue;
        }
        cell.backward(chunk, gradients, isLast ? 0 : 32 * chunk.rows, isLast ? 32 * chunk.rows : series);
        if (index === 0) cell.sumByToken(chunk, this.#slots(cell));
        else this.#inputs.backward(cell, chunk, this.#masks);
      }
      if (index > 0) this.#inputs.join(cells, chunk);
    }
    this.#sums.endChunk(chunksLeft);
  }

  /** Completes the gradient at `target` from the sums over chunks; `lazy` leaves other rows of the embedding unchanged. */
  endBackward(target: number, lazy: boolean): void {
    const kernels = this.#kernels, at = this.scratch, distinct = this.#distinct;
    const { embedding } = this.#spec, vectorRow = this.#vectorRow;
    if (this.#firstStep) {
      this.#sums.finish();
      this.#firstStep.endBackward();
    }
    for (const cell of this.#layers[0]!) cell.sumOverTokens(distinct);
    this.#sums.endChunk(0);
    this.#sums.finish();
    for (const [index, cell] of this.#layers[0]!.entries()) cell.tokensBackward(distinct, index > 0);
    if (this.#masks) {
      const mask = this.#masks.of(DropoutArea.embedding);
      kernels.dropAgain(mask, at.keptComponents, distinct, embedding, at.vectorGradients, 32, vectorRow);
    }
    this.#vectors.scatter(target, lazy);
    for (const { offset, size } of this.#gaps) kernels.zero(target + 4 * offset, 4 * size);
    for (const weights of this.#weights) weights.unpack(target);
    this.head.unpack(target);
  }

  /** Packs the weights for the forward pass, which outdates those packed for the backward pass. */
  #pack(source: number): void {
    for (const weights of this.#weights) weights.pack(source);
    this.head.pack(source);
    this.#isPacked = source === this.#held;
    this.#isPackedBackward = false;
  }

  /** Writes the step at which each row begins; returns whether one begins after step 0. */
  #findStarts({ size, length, lengths }: Batch): boolean {
    let isPadded = false;
    for (let row = 0; row < size; row++) {
      const real = lengths[row]!;
      if (real < 1 || real > length) throw new RangeError(`batch.lengths[${row}] is ${real}: expected 1 to ${length}`);
      this.#starts[row] = length - real;
      isPadded ||= real < length;
    }
    return isPadded;
  }

  /** Leaves out the chunk's first steps that are padding in all of its rows. */
  #cutPadding(): void {
    const chunk = this.#chunk;
    const end = chunk.first + chunk.rows;
    let [least, most] = [chunk.length, 0];
    for (let row = chunk.first; row < end; row++) {
      least = Math.min(least, this.#starts[row]!);
      most = Math.max(most, this.#starts[row]!);
    }
    // From here starts count from the chunk's first step: each chunk goes forward once.
    for (let row = chunk.first; row < end; row++) this.#starts[row]! -= least;
    chunk.length -= least;
    chunk.starts = most > least ? this.scratch.starts + 4 * chunk.first : 0;
  }

  /** Returns the byte offset of the slots of the chunk's tokens, in the order in which `cell` reads them. */
  #slots({ cell }: SimdCell): number {
    const at = this.scratch, { first, length, batchLength } = this.#chunk;
    return (cell.backward ? at.reversedSlots : at.slots) + 4 * (first * batchLength + batchLength - length);
  }

  /** Drops values of the distinct tokens' vectors and records them for the gradients. */
  #dropVectors(masks: SimdMasks): void {
    const { tokenOfSlot, factors, vectors, keptComponents } = this.scratch;
    const { embedding } = this.#spec;
    const distinct = this.#distinct;
    this.#kernels.drop({
      mask: masks.of(DropoutArea.embedding),
      factors,
      index: tokenOfSlot,
      first: 0,
      count: distinct,
      elements: embedding,
      offset: 0,
      width: embedding,
      matrix: vectors,
      stride: 32,
      row: this.#vectorRow,
      kept: keptComponents,
    });
  }
}
