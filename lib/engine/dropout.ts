/**
 * Decides which values dropout keeps, as a pure function of (seed, draw, area, element): engines may ask in any order. Kept
 * values are multiplied by 1 / (1 - rate), dropped ones by 0 (inverted dropout: Srivastava et al., 2014).
 */
import { Random, Stream } from "../base/numbers/random.ts";

export interface DropoutOptions {
  /** The share of dropped values: 0, for no dropout, to 0.9. */
  readonly rate: number;
  /** The run's seed. */
  readonly seed: number;
}

/**
 * Lists where values are dropped, and how their elements are numbered. `width` is the width of a layer's output, `length`
 * the batch's length.
 *
 *   0       token vectors: token · embedding + component. All occurrences of a token in the batch share a mask.
 *   1 to 7  inputs of LSTM layer 2 to 8, both directions alike: (row · length + time step) · width + component
 *   8       pooled vectors, before the dense layer: row · width + component
 */
export const DropoutArea = { embedding: 0, pooled: 8 } as const;

/** Returns the area of the inputs of LSTM layer `layer`, from 2. */
export function inputArea(layer: number): number {
  return layer - 1;
}

/** Counts the items of each draw, one for each area. */
const AREAS = 16;

/** Returns the item of `Stream.dropout` that holds the words of `area` at `draw`. */
export function dropoutItem(draw: number, area: number): number {
  return draw * AREAS + area;
}

/** Returns the least 32-bit word whose element is kept: round(rate · 2^32). */
export function dropoutThreshold(rate: number): number {
  return Math.round(rate * 2 ** 32);
}

/** Returns the factor of kept elements: float32(1 / (1 - rate)). */
export function dropoutScale(rate: number): number {
  return Math.fround(1 / (1 - rate));
}

interface DropoutMask {
  /** Returns the factor of `element`: 0, or `dropoutScale(rate)`. */
  factor(element: number): number;
}

/** Returns the masks of a seed and a rate. The mask that `at` returns is valid until `at` is called again. */
export function dropoutMasks({ rate, seed }: DropoutOptions): { at(draw: number, area: number): DropoutMask } {
  const random = new Random(seed, Stream.dropout);
  const threshold = dropoutThreshold(rate);
  const scale = dropoutScale(rate);
  const mask: DropoutMask = { factor: (element) => random.wordAt(element) >= threshold ? scale : 0 };
  return {
    at(draw, area) {
      random.seek(dropoutItem(draw, area));
      return mask;
    },
  };
}
