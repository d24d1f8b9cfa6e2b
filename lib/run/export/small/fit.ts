/** Finds what a model of a size can keep: the most n-grams beside some of its words. */
import { inputError } from "../../../base/errors.ts";
import { type TrainedModel, wholeModel } from "../../../predict/trained_model.ts";
import { encodeModel } from "../../../standalone/model_file.ts";
import type { LinearCombination } from "../../../ngrams/combine.ts";
import { type NgramPruner, openPruner, withWords } from "./smaller.ts";

/** The shares of the words that are tried beside n-grams. */
const SHARES = [1, 1 / 2, 1 / 4, 1 / 8, 0];

/** A model as its file has it. */
export interface Fitted {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The words that the LSTM knows; undefined if its words are whole, with the vectors of letters. */
  readonly words: number | undefined;
  readonly ngrams: number;
  /** True if nothing is left out. */
  readonly isWhole: boolean;
}

/** Fits a model into sizes. */
export class Fitter {
  readonly #model: TrainedModel;
  readonly #ngrams: LinearCombination | undefined;
  readonly #pruner: NgramPruner | undefined;

  /** Throws an InputError for n-grams of an earlier version. */
  constructor(model: TrainedModel) {
    const { version: { ngrams }, run } = model;
    if (ngrams && !("exponent" in ngrams)) {
      throw inputError("size", `Run ${run} has n-grams of an earlier version, which cannot be smaller: train it again`);
    }
    this.#model = model;
    this.#ngrams = ngrams;
    this.#pruner = ngrams && openPruner(ngrams.model);
  }

  /**
   * Lists how many words of the LSTM may be left so that the model has at most `size` bytes, the most first; undefined stands
   * for all of them with the vectors of letters. The list is empty if even the smallest form has more bytes.
   */
  async choices(size: number): Promise<readonly (number | undefined)[]> {
    const fitting = [];
    for (const words of this.#forms()) if ((await this.#encode(words, 0)).length <= size) fitting.push(words);
    // Without n-grams, words are all that can be left out.
    if (this.#pruner || fitting.length === 0 || fitting[0] === undefined) return fitting;
    return [await most(this.#words, size, (words) => this.#encode(words, 0))];
  }

  /** Returns the bytes of the smallest form. */
  async leastBytes(): Promise<number> {
    return (await this.#encode(this.#forms().at(-1), 0)).length;
  }

  get #words(): number {
    return this.#model.preprocessing?.vocabulary.length ?? 0;
  }

  #forms(): readonly (number | undefined)[] {
    const words = this.#model.preprocessing ? SHARES.map((share) => Math.floor(share * this.#words)) : [];
    return [undefined, ...new Set(words)];
  }

  /** Returns the model with `words` and as many weights of n-grams as have at most `size` bytes. */
  async fit(size: number, words: number | undefined): Promise<Fitted> {
    const weights = this.#pruner?.weights ?? 0;
    // A weight takes more than a byte.
    const kept = await most(Math.min(weights, size), size, (count) => this.#encode(words, count));
    const model = this.#pruner?.keep(kept);
    return {
      bytes: await this.#encode(words, kept),
      words,
      ngrams: model?.keys.length ?? 0,
      isWhole: words === undefined && kept === weights,
    };
  }

  async #encode(words: number | undefined, weights: number): Promise<Uint8Array<ArrayBuffer>> {
    const { version, ...model } = words === undefined ? this.#model : withWords(this.#model, words);
    const ngrams = this.#ngrams && this.#pruner && { ...this.#ngrams, model: this.#pruner.keep(weights) };
    const whole = wholeModel({ ...model, version: { ...version, ngrams } });
    return await encodeModel(whole, { packed: true });
  }
}

/** Returns the greatest count up to `end` whose bytes are at most `size`, within a thousandth of the size; 0 has few enough. */
async function most(end: number, size: number, encode: (count: number) => Promise<Uint8Array>): Promise<number> {
  if ((await encode(end)).length <= size) return end;
  let [low, high, length] = [0, end, 0];
  while (high - low > 1 && size - length > size / 1000) {
    const middle = (low + high) >> 1;
    const bytes = (await encode(middle)).length;
    if (bytes <= size) [low, length] = [middle, bytes];
    else high = middle;
  }
  return low;
}
