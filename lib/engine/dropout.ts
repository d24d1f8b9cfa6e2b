/**
 * Which values dropout keeps: a pure function of (seed, draw, area, element), so that any engine may ask in any order.
 * Kept values are multiplied with 1 / (1 - rate), dropped ones with 0 (inverted dropout: Srivastava et al., 2014).
 */
import { Random, Stream } from "../random.ts";

export interface DropoutOptions {
  /** From 0, which is no dropout, to 0.9. */
  readonly rate: number;
  /** Of the run. */
  readonly seed: number;
}

/**
 * Where values are dropped, and how their elements are numbered. `width` is that of a layer's output, `length` the
 * batch's.
 *
 *   0       token vectors: token · embedding + component. All occurrences of a token in the batch share a mask.
 *   1 to 7  inputs of LSTM layer 2 to 8, both directions alike: (row · length + time step) · width + component
 *   8       pooled vectors, before the dense layer: row · width + component
 */
export const DropoutArea = { embedding: 0, pooled: 8 } as const;

/** The area of the inputs of LSTM layer `layer`, from 2. */
export function inputArea(layer: number): number {
  return layer - 1;
}

/** Items that a draw has room for. */
const AREAS = 16;

/** The item of `Stream.dropout` that holds the words of `area` at `draw`. */
export function dropoutItem(draw: number, area: number): number {
  return draw * AREAS + area;
}

/** An element is kept if its 32-bit word is at least this: round(rate · 2^32). */
export function dropoutThreshold(rate: number): number {
  return Math.round(rate * 2 ** 32);
}

/** What kept elements are multiplied with: float32(1 / (1 - rate)). */
export function dropoutScale(rate: number): number {
  return Math.fround(1 / (1 - rate));
}

export interface DropoutMask {
  /** What to multiply `element` with: 0, or `dropoutScale(rate)`. */
  factor(element: number): number;
}

/** The masks of a seed and a rate. What `at` returns holds until `at` is called again. */
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
