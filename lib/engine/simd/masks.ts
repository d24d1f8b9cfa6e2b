/** Writes the masks of dropout (see `dropout.ts`) as kernels/assembly/tokens/dropout.ts reads them. */
import { Stream } from "../../base/numbers/random.ts";
import { DropoutArea, dropoutItem, type DropoutOptions, dropoutScale, dropoutThreshold } from "../dropout.ts";

const AREA_COUNT = DropoutArea.pooled + 1;
const MASK_BYTES = 32;

/** Counts the bytes of the masks of all areas. */
export const MASKS_BYTES = AREA_COUNT * MASK_BYTES;

export class SimdMasks {
  readonly #at: number;
  readonly #words: Int32Array;

  /** Writes the masks at byte offset `at` of `memory`. */
  constructor(memory: WebAssembly.Memory, at: number, { rate, seed }: DropoutOptions) {
    this.#at = at;
    this.#words = new Int32Array(memory.buffer, at, MASKS_BYTES / 4);
    const scales = new Float32Array(memory.buffer, at, MASKS_BYTES / 4);
    for (let word = 0; word < this.#words.length; word += MASK_BYTES / 4) {
      this.#words[word] = seed;
      this.#words[word + 1] = Stream.dropout;
      this.#words[word + 4] = dropoutThreshold(rate);
      scales[word + 5] = dropoutScale(rate);
    }
  }

  /** Selects the masks of `draw`. */
  select(draw: number): void {
    for (let area = 0; area < AREA_COUNT; area++) {
      const item = dropoutItem(draw, area);
      const word = area * MASK_BYTES / 4;
      this.#words[word + 2] = item;
      // The item's high bits, at the position that `Random` uses.
      this.#words[word + 3] = Math.floor(item / 2 ** 32) << 12;
    }
  }

  /** Returns the byte offset of the mask of `area`. */
  of(area: number): number {
    return this.#at + area * MASK_BYTES;
  }
}
