/**
 * Trains the baseline: a linear model of n-grams on the same rows as the LSTM. Its metrics show what the LSTM adds, and how
 * much word order matters in the data.
 *
 * The method is softmax regression by stochastic gradient descent, one row at a time, on bags that are weighted by inverse
 * document frequency and have length 1. With that length a rate above 1 is stable on any data, so there is little to tune.
 * The rate decreases linearly to 0. Two rates are tried: a small one ends far from the minimum, which is the regularizer
 * here (additional L2 gained nothing). The validation loss decides; validation accuracy is too coarse for that.
 *
 * Two corrections follow, which only change weights and biases. Class weights shift the logits by their logarithms, which
 * minimizes the weighted loss (Menon et al., "Long-tail learning via logit adjustment", ICLR 2021); multiplying the steps
 * by the weights would be unstable. Then the logits are scaled by the temperature that is best on the validation rows
 * (Guo et al., "On calibration of modern neural networks", ICML 2017): with few rows and many classes the model is right
 * but unsure, and would count too little in the combination with the LSTM.
 */
import { logLoss, mostProbable } from "../data/metrics.ts";
import type { EncodedTable } from "../data/batches/table.ts";
import { Random, Stream } from "../base/random.ts";
import { createGramFinder, type GramSpace, gramSpace } from "./grams.ts";
import { type BaselineModel, classify, createBagger } from "./model.ts";

export interface BaselineOptions {
  /** Labels are from 0 to `classes - 1`. */
  readonly classes: number;
  /** Tokens are from 0 to `vocabulary - 1`. */
  readonly vocabulary: number;
  /** Seed of the order of rows. */
  readonly seed: number;
  /** `[classes]`: weight of a row of each class in the loss; 1 without it. */
  readonly classWeights?: Float32Array;
  /** Called now and then; training ends without a result when it returns true. */
  readonly stopped?: () => boolean;
}

export interface Baseline {
  readonly model: BaselineModel;
  /** Mean cross-entropy in nats and accuracy on the validation rows; NaN without any. */
  readonly validation: { readonly loss: number; readonly accuracy: number };
  /** The best learning rate. */
  readonly rate: number;
  /** Training rows that each attempt visited, with repetitions. */
  readonly visits: number;
  readonly seconds: number;
}

/** The first is better for most data, the second where labels are noisy. */
const RATES = [3, 0.5];
const EPOCHS = 10;
/** Most multiplications of an attempt: about 12 seconds on one core. */
const MOST_WORK = 1e9;
/** Rows between two calls of `stopped`. */
const STOP_EVERY = 1024;
/** Biases learn from every row, and a feature only from few, so biases take smaller steps. */
const BIAS_RATE = 0.1;

/** Returns the baseline with the lowest validation loss; undefined if it was stopped. Pure except for the time. */
export function trainBaseline(
  training: EncodedTable,
  validation: EncodedTable,
  options: BaselineOptions,
): Baseline | undefined {
  const started = performance.now();
  const { classes, vocabulary, seed, classWeights, stopped = () => false } = options;
  const space = gramSpace({ vocabulary, classes, totalTokens: training.tokens.length });
  const rows = training.labels.length;
  const visits = visitsFor(rows, training.tokens.length, space.order, classes);
  const orderOf = epochOrders(rows, seed);
  const importance = inverseFrequency(training, orderOf(0).subarray(0, visits), space, stopped);
  if (!importance) return undefined;
  // A second attempt is made only if there is time for it.
  const rates = visits >= rows * EPOCHS && validation.labels.length > 0 ? RATES : RATES.slice(0, 1);
  let best: { model: BaselineModel; fit: Fit; rate: number } | undefined;
  for (const rate of rates) {
    const model = descend(training, { space, classes, importance }, orderOf, visits, rate, stopped);
    if (!model) return undefined;
    adjustLogits(model, classWeights);
    const fit = bestTemperature(model, validation, classWeights, stopped);
    if (!fit) return undefined;
    if (!best || fit.loss < best.fit.loss) best = { model, fit, rate };
  }
  const { model, fit, rate } = best!;
  scaleLogits(model, 1 / fit.temperature);
  const metrics = evaluateBaseline(model, validation, stopped);
  return metrics && { model, validation: metrics, rate, visits, seconds: (performance.now() - started) / 1000 };
}

/** Returns the number of rows that an attempt visits: all of them EPOCHS times, or as many as MOST_WORK allows. */
export function visitsFor(rows: number, totalTokens: number, order: number, classes: number): number {
  const workOfRow = Math.max(1, totalTokens / Math.max(1, rows)) * order * (classes + 8);
  return Math.min(rows * EPOCHS, Math.ceil(MOST_WORK / workOfRow));
}

/** Returns the function that computes the order of the rows in an epoch, in a new array. */
function epochOrders(rows: number, seed: number): (epoch: number) => Uint32Array {
  const random = new Random(seed, Stream.baseline);
  return (epoch) => {
    random.seek(epoch);
    const order = Uint32Array.from({ length: rows }, (_, row) => row);
    random.shuffle(order);
    return order;
  };
}

/**
 * Returns log((1 + n) / (1 + rows with the feature)) + 1 of n rows for each feature, `[features]`. A feature that no row
 * has gets 0; otherwise rows with many unknown features would be assigned to the most frequent class.
 */
function inverseFrequency(
  { tokens, offsets }: EncodedTable,
  rows: Uint32Array,
  space: GramSpace,
  stopped: () => boolean,
): Float32Array | undefined {
  const grams = createGramFinder(space);
  const values = new Float32Array(space.features);
  for (const [index, row] of rows.entries()) {
    if (index % STOP_EVERY === 0 && stopped()) return undefined;
    for (const feature of grams(tokens, offsets[row]!, offsets[row + 1]!)) values[feature]!++;
  }
  for (let i = 0; i < values.length; i++) {
    values[i] = values[i] === 0 ? 0 : Math.log((1 + rows.length) / (1 + values[i]!)) + 1;
  }
  return values;
}

function descend(
  { tokens, offsets, labels }: EncodedTable,
  shape: Pick<BaselineModel, "space" | "classes" | "importance">,
  orderOf: (epoch: number) => Uint32Array,
  visits: number,
  firstRate: number,
  stopped: () => boolean,
): BaselineModel | undefined {
  const { classes, space } = shape;
  const weights = new Float32Array(space.features * classes);
  const bias = new Float64Array(classes);
  const model = { ...shape, weights, bias };
  const bagOf = createBagger(model);
  const errors = new Float64Array(classes);
  const rows = labels.length;
  let order: Uint32Array = new Uint32Array(0);
  for (let visit = 0; visit < visits; visit++) {
    if (visit % STOP_EVERY === 0 && stopped()) return undefined;
    if (visit % rows === 0) order = orderOf(visit / rows);
    const row = order[visit % rows]!;
    const bag = bagOf(tokens, offsets[row]!, offsets[row + 1]!);
    classify(model, bag, errors);
    errors[labels[row]!]! -= 1;
    const rate = firstRate * (1 - visit / visits);
    for (let i = 0; i < bag.features.length; i++) {
      const first = bag.features[i]! * classes;
      const step = rate * bag.values[i]!;
      for (let k = 0; k < classes; k++) weights[first + k]! -= step * errors[k]!;
    }
    for (let k = 0; k < classes; k++) bias[k]! -= BIAS_RATE * rate * errors[k]!;
  }
  return { ...model, bias: Float32Array.from(bias) };
}

/** Adds the logarithms of the class weights to the biases. A class without rows has no weight, and its bias does not change. */
function adjustLogits({ bias }: BaselineModel, classWeights: Float32Array | undefined): void {
  classWeights?.forEach((weight, k) => {
    if (weight > 0) bias[k]! += Math.log(weight);
  });
}

function scaleLogits({ weights, bias }: BaselineModel, factor: number): void {
  if (factor === 1) return;
  for (let i = 0; i < weights.length; i++) weights[i]! *= factor;
  for (let k = 0; k < bias.length; k++) bias[k]! *= factor;
}

interface Fit {
  readonly temperature: number;
  /** Weighted mean of `smoothedLoss` over the validation rows. */
  readonly loss: number;
}

/** From 1/16 to 4: a model of few rows is unsure, and needs much less than 1. */
const TEMPERATURES = Array.from({ length: 25 }, (_, step) => 2 ** ((8 - step) / 4));

/** Returns the temperature with the lowest loss on the rows, 1 without rows; undefined if it was stopped. */
function bestTemperature(
  model: BaselineModel,
  { tokens, offsets, labels }: EncodedTable,
  classWeights: Float32Array | undefined,
  stopped: () => boolean,
): Fit | undefined {
  const bagOf = createBagger(model);
  const logProbabilities = new Float64Array(model.classes);
  const losses = new Float64Array(TEMPERATURES.length);
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    if (row % STOP_EVERY === 0 && stopped()) return undefined;
    classify(model, bagOf(tokens, offsets[row]!, offsets[row + 1]!), logProbabilities);
    for (let k = 0; k < model.classes; k++) logProbabilities[k] = Math.log(logProbabilities[k]!);
    const weight = classWeights?.[labels[row]!] ?? 1;
    total += weight;
    for (const [index, temperature] of TEMPERATURES.entries()) {
      const probability = atTemperature(logProbabilities, labels[row]!, temperature);
      losses[index]! += weight * smoothedLoss(probability, labels.length, model.classes);
    }
  }
  if (total === 0) return { temperature: 1, loss: 0 };
  const index = losses.indexOf(Math.min(...losses));
  return { temperature: TEMPERATURES[index]!, loss: losses[index]! / total };
}

/**
 * Returns the cross-entropy of a row whose own class has `probability`, as if there were one more row than `rows`, of an
 * unknown class: few rows cannot prove a probability of 0 or 1 (Platt, "Probabilistic outputs for support vector
 * machines", 1999).
 */
export function smoothedLoss(probability: number, rows: number, classes: number): number {
  const doubt = 1 / (rows + 2);
  const others = (1 - probability) / Math.max(1, classes - 1);
  return (1 - doubt) * logLoss(probability) + doubt * logLoss(others);
}

/** Returns the probability of class `label` if the logits are divided by `temperature`. */
function atTemperature(logProbabilities: Float64Array, label: number, temperature: number): number {
  let max = -Infinity;
  for (const value of logProbabilities) max = Math.max(max, value);
  let sum = 0;
  for (const value of logProbabilities) sum += Math.exp((value - max) / temperature);
  return Math.exp((logProbabilities[label]! - max) / temperature) / sum;
}

/** Returns mean cross-entropy and accuracy of `model` on rows; undefined if it was stopped. */
export function evaluateBaseline(
  model: BaselineModel,
  { tokens, offsets, labels }: EncodedTable,
  stopped: () => boolean,
): Baseline["validation"] | undefined {
  const bagOf = createBagger(model);
  const probabilities = new Float64Array(model.classes);
  let loss = 0;
  let hits = 0;
  for (let row = 0; row < labels.length; row++) {
    if (row % STOP_EVERY === 0 && stopped()) return undefined;
    classify(model, bagOf(tokens, offsets[row]!, offsets[row + 1]!), probabilities);
    loss += logLoss(probabilities[labels[row]!]!);
    if (mostProbable(probabilities) === labels[row]) hits++;
  }
  return { loss: loss / labels.length, accuracy: hits / labels.length };
}
