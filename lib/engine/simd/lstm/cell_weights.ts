/** Packs the weights of one LSTM into panels, and unpacks their gradients. */
import { LSTM_GATES, type LstmCell, type ParameterLayout, tensorNamed } from "../../../model/layout.ts";
import type { ModelSpec } from "../../../model/spec.ts";
import { gatesRow, inputWidth, type SimdCellScratch } from "../memory/scratch.ts";
import type { SimdKernels } from "../bindings.gen.ts";
import { padded, panelsOf, parts } from "../memory/shapes.ts";

/** Describes consecutive rows of a kernel. */
interface KernelBlock {
  /** The byte offset in the tensor. */
  readonly from: number;
  readonly rows: number;
  /** The number of the first row in packed weights. */
  readonly at: number;
}

export class SimdCellWeights {
  readonly #kernels: SimdKernels;
  readonly #at: SimdCellScratch;
  readonly #isFirstLayer: boolean;
  readonly #hidden: number;
  /** The width of the inputs in memory. */
  readonly #width: number;
  /** Lists the input kernel's rows by the part of the inputs that they belong to. */
  readonly #blocks: readonly KernelBlock[];
  /** Byte offsets in a flat vector. */
  readonly #kernel: number;
  readonly #recurrentKernel: number;
  readonly #bias: number;
  /** Counts the bytes of a token's gates. */
  readonly #tokenGates: number;

  constructor(kernels: SimdKernels, spec: ModelSpec, layout: ParameterLayout, cell: LstmCell, at: SimdCellScratch) {
    this.#kernels = kernels;
    this.#at = at;
    this.#isFirstLayer = cell.layer === 1;
    this.#hidden = spec.hidden;
    this.#width = inputWidth(spec, cell);
    const rows = this.#isFirstLayer ? spec.embedding : spec.hidden;
    this.#blocks = Array.from({ length: this.#isFirstLayer ? 1 : parts(spec) }, (_, part) => ({
      from: 4 * LSTM_GATES * spec.hidden * rows * part,
      rows,
      at: padded(rows) * part,
    }));
    const offset = (name: string) => 4 * tensorNamed(layout, `${cell.name}/${name}`).offset;
    this.#kernel = offset("kernel");
    this.#recurrentKernel = offset("recurrent_kernel");
    this.#bias = offset("bias");
    this.#tokenGates = gatesRow(spec);
  }

  /** Packs the weights at `source` and stages them. */
  pack(source: number): void {
    const kernels = this.#kernels, at = this.#at, hidden = this.#hidden;
    const { operands } = at, inner = padded(this.#width), panels = LSTM_GATES * panelsOf(hidden);
    for (const { from, rows, at: row } of this.#blocks) {
      kernels.packColumns(
        source + this.#kernel + from,
        rows,
        LSTM_GATES,
        hidden,
        at.kernel + 32 * row,
        padded(this.#width),
      );
    }
    kernels.packColumns(source + this.#recurrentKernel, hidden, LSTM_GATES, hidden, at.recurrentKernel, padded(hidden));
    kernels.packColumns(source + this.#bias, 1, LSTM_GATES, hidden, at.bias, 1);
    kernels.stageOperand(operands.kernel, at.kernel, inner, panels);
    kernels.stageOperand(operands.recurrentKernel, at.recurrentKernel, padded(hidden), panels);
  }

  /** Packs and stages those weights at `source` that only the backward pass needs. */
  packBackward(source: number): void {
    const kernels = this.#kernels, at = this.#at, hidden = this.#hidden;
    const gates = LSTM_GATES * padded(hidden);
    for (const { from, rows, at: row } of this.#blocks) {
      kernels.packRows(source + this.#kernel + from, rows, LSTM_GATES, hidden, at.kernelT + 4 * gates * row);
    }
    kernels.packRows(source + this.#recurrentKernel, hidden, LSTM_GATES, hidden, at.recurrentKernelT);
    kernels.stageOperand(at.operands.kernelT, at.kernelT, gates, panelsOf(this.#width));
    kernels.stageOperand(at.operands.recurrentKernelT, at.recurrentKernelT, gates, panelsOf(hidden));
  }

  /** Zeroes the sums over chunks. */
  beginBackward(distinct: number): void {
    const kernels = this.#kernels, at = this.#at;
    kernels.zero(at.kernelGradient, at.projected - at.kernelGradient);
    if (this.#isFirstLayer) kernels.zero(at.tokenGates, this.#tokenGates * padded(distinct));
  }

  /** Writes the gradients of all chunks to the flat vector at `target`. */
  unpack(target: number): void {
    const kernels = this.#kernels, at = this.#at, hidden = this.#hidden;
    for (const { from, rows, at: row } of this.#blocks) {
      const gradient = at.kernelGradient + 32 * row;
      kernels.unpackColumns(gradient, this.#width, target + this.#kernel + from, rows, LSTM_GATES, hidden);
    }
    kernels.unpackColumns(
      at.recurrentKernelGradient,
      hidden,
      target + this.#recurrentKernel,
      hidden,
      LSTM_GATES,
      hidden,
    );
    kernels.unpackColumns(at.biasGradient, 1, target + this.#bias, 1, LSTM_GATES, hidden);
  }
}
