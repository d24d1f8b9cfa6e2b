/** Draws all random choices of a soak: those of config `index` are a function of (seed, index). */
import { Random, Stream } from "../../lib/base/numbers/random.ts";

export class Draws {
  readonly #random: Random;

  constructor(seed: number, index: number) {
    this.#random = new Random(seed, Stream.chaos).seek(index);
  }

  /** Draws a whole number from `least` to `most`. */
  whole(least: number, most: number): number {
    return least + this.#random.below(most - least + 1);
  }

  /** Draws a number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.#random.uniform() * (most - least);
  }

  chance(probability: number): boolean {
    return this.#random.uniform() < probability;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.#random.below(values.length)]!;
  }
}
