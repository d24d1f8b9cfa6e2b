/** Draws the weights that training starts from. */
import { Random, Stream } from "../base/numbers/random.ts";
import { ln } from "../base/numbers/elementary.ts";
import { inTurns } from "../base/turns.ts";
import type { TokenVectors } from "../data/vocabulary/choose_vocabulary.ts";
import { embeddingTensor, type ParameterLayout, tensorNamed, tensorView } from "./layout.ts";
import type { ModelSpec } from "./spec.ts";

interface InitialOptions {
  readonly seed: number;
  /** Standard deviation of the token vectors; 1 if left out, as in PyTorch. */
  readonly embeddingInit?: number;
  /** Added to the LSTM's forget-gate biases. 1 keeps the cell's memory open at first (Gers et al., 2000). */
  readonly forgetBias: number;
}

/**
 * Draws PyTorch's initial weights, flat: embedding normal with the standard deviation `embeddingInit`; LSTMs and dense
 * uniform within ±1/√hidden; LSTM biases the sum of two such draws for each value of `lstmBiases`. A value depends only on
 * seed, tensor and position.
 */
export function initialWeights(spec: ModelSpec, layout: ParameterLayout, options: InitialOptions): Float32Array {
  const weights = new Float32Array(layout.size);
  for (const _ of drawing(weights, spec, layout, options));
  return weights;
}

/** Draws the same into `weights`, `[layout.size]`, and lets others have their turn meanwhile. */
export async function initialWeightsInTurns(
  spec: ModelSpec,
  layout: ParameterLayout,
  options: InitialOptions,
  weights = new Float32Array(layout.size),
): Promise<Float32Array> {
  await inTurns(drawing(weights, spec, layout, options));
  return weights;
}

/**
 * Replaces the vectors of the tokens from `first` on by `values`, `[tokens, width]`. Files have values of all sizes, so one
 * factor gives those of the first `ofRows` tokens the standard deviation of vectors that are drawn: other tokens have no
 * effect on training.
 */
export function setTokenVectors(
  weights: Float32Array,
  layout: ParameterLayout,
  { embeddingInit = 1 }: Pick<InitialOptions, "embeddingInit">,
  { first, width, ofRows, values }: TokenVectors,
): void {
  const counted = ofRows * width;
  let squares = 0;
  for (let i = 0; i < counted; i++) squares += values[i]! * values[i]!;
  const scale = squares > 0 ? embeddingInit / Math.sqrt(squares / counted) : 1;
  const rows = tensorView(weights, embeddingTensor(layout)).subarray(first * width);
  for (let i = 0; i < values.length; i++) rows[i] = values[i]! * scale;
}

/**
 * Replaces the biases of the outputs by the log-odds of each label, `[classes]`, of which `counts` of the `rows` have it, as if
 * two more rows had and lacked all: random ones begin with even odds for each of thousands of labels.
 */
export function setLabelOdds(weights: Float32Array, layout: ParameterLayout, counts: Float64Array, rows: number): void {
  const biases = tensorView(weights, tensorNamed(layout, "dense/bias"));
  const share = (count: number) => (count + 1) / (rows + 2);
  counts.forEach((count, k) => biases[k] = ln(share(count)) - ln(share(rows - count)));
}

/** Values that are drawn between two looks at the clock. */
const DRAWN_AT_ONCE = 4096;

/** Draws `weights`, and stops after every DRAWN_AT_ONCE values. */
function* drawing(
  weights: Float32Array,
  spec: ModelSpec,
  layout: ParameterLayout,
  options: InitialOptions,
): Generator<void, void, void> {
  const { embeddingInit = 1 } = options;
  const random = new Random(options.seed, Stream.weights);
  const bound = 1 / Math.sqrt(spec.hidden);
  const uniform = () => (2 * random.uniform() - 1) * bound;
  for (const [index, tensor] of layout.tensors.entries()) {
    const values = tensorView(weights, tensor);
    const isBias = tensor.name !== "dense/bias" && tensor.name.endsWith("/bias");
    const draw = tensor.name === "embedding/embeddings"
      ? () => embeddingInit * random.normal()
      : isBias
      ? () => uniform() + uniform()
      : uniform;
    for (let i = 0; i < values.length; i++) {
      random.seek(index * 2 ** 32 + i);
      values[i] = draw();
      if ((i + 1) % DRAWN_AT_ONCE === 0) yield;
    }
    if (isBias) {
      for (let i = spec.hidden; i < 2 * spec.hidden; i++) values[i]! += options.forgetBias;
    }
  }
}
