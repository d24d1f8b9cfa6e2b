/**
 * Chooses how the LSTM and the n-grams are combined: a logarithmic opinion pool (Hinton, "Products of experts", ICANN 1999;
 * Genest and Zidek, "Combining probability distributions", 1986), fitted to rows that neither was fitted to.
 */
import { answersF1 } from "../data/class_counts.ts";
import { logLoss, logOdds, mostProbable, sigmoid } from "../data/metrics.ts";
import { softmaxOf } from "./model.ts";
import { type ClassScores, fitPowers, type Turns, type UsualPower } from "./powers.ts";

export interface Pool {
  /** Powers of the probabilities of each, whose product is proportional to those of both. */
  readonly lstm: number;
  readonly ngrams: number;
  /** Share of the LSTM in the size of the combined scores, from 0 to 1, in hundredths. */
  readonly share: number;
  /** `many` if each label has odds of its own, whose powers these are. */
  readonly labels?: "many";
  /** `[classes]`: added to the logarithms of the probabilities of both, if they are to be good by another metric. */
  readonly offsets?: Float64Array;
}

/** The bytes that fitPool() needs for a row and class. */
export const FIT_BYTES = 16;

/**
 * Fits the powers with the lowest log-loss, weighted by class. First the LSTM is calibrated by a power of its own, because it is
 * overconfident. Then both are combined. Few rows change little of the usual powers.
 */
export function* fitPool(
  lstm: ClassScores,
  ngrams: ClassScores,
  labels: ArrayLike<number>,
  classWeights?: Float32Array,
  labelOffsets?: ArrayLike<number>,
): Turns<Pool> {
  const rows = labelOffsets ? labelOffsets.length - 1 : labels.length;
  const classes = rows > 0 ? lstm.length / rows : 0;
  const options = { classWeights, labelOffsets };
  const logOf = labelOffsets ? logOdds : (probability: number) => -logLoss(probability);
  const calibrated = yield* mapRows(lstm, classes, logOf);
  const { powers: [power] } = yield* fitPowers([calibrated], labels, { usual: [{ mean: 1, rows: 1 }], ...options });
  yield* mapRows(calibrated, classes, (value) => power! * value, calibrated);
  const parts = [calibrated, yield* mapRows(ngrams, classes, logOf)];
  const { powers: [own, other] } = yield* fitPowers(parts, labels, { usual: USUAL_POWERS, ...options });
  const [ofLstm, ofNgrams] = [
    own! * (yield* spread(calibrated, classes)),
    other! * (yield* spread(parts[1]!, classes)),
  ];
  const share = ofLstm + ofNgrams > 0 ? Math.round(100 * ofLstm / (ofLstm + ofNgrams)) / 100 : 0.5;
  return { lstm: power! * own!, ngrams: other!, share, ...labelOffsets && { labels: "many" } };
}

/** Powers of the class frequencies that are tried. */
const TILTS = Array.from({ length: 11 }, (_, step) => step / 10);

/**
 * Returns the offsets with the best macro-F1 for rows with these probabilities of a pool: each class is divided by a power of
 * its frequency among the training rows, `counts` (Menon et al., "Long-tail learning via logit adjustment", ICLR 2021). A power
 * of 1 must gain more than 1 / √rows, so that few rows change little.
 */
export function* fitOffsets(
  pooled: ClassScores,
  labels: ArrayLike<number>,
  counts: ArrayLike<number>,
): Turns<Float64Array> {
  const classes = counts.length;
  const logs = yield* mapRows(pooled, classes, (probability) => -logLoss(probability));
  const total = Array.from(counts).reduce((sum, count) => sum + count, classes);
  const rarities = Float64Array.from(counts, (count) => -Math.log((count + 1) / total));
  const given = new Uint16Array(labels.length);
  const own = new Float64Array(classes);
  let best = { tilt: 0, value: -Infinity };
  for (const tilt of labels.length > 0 ? TILTS : []) {
    for (let row = 0; row < labels.length; row++) {
      for (let k = 0; k < classes; k++) own[k] = logs[row * classes + k]! + tilt * rarities[k]!;
      given[row] = mostProbable(own);
      yield;
    }
    const value = answersF1(labels, given, classes) - tilt / Math.sqrt(labels.length);
    if (value > best.value) best = { tilt, value };
  }
  return rarities.map((rarity) => best.tilt * rarity);
}

/** Maps the values of some rows, `[rows, classes]`, into `mapped`, which may be the same array. */
function* mapRows(
  values: ClassScores,
  classes: number,
  work: (value: number) => number,
  mapped: Float64Array = new Float64Array(values.length),
): Turns<Float64Array> {
  for (let i = 0; i < mapped.length;) {
    for (const end = i + classes; i < end; i++) mapped[i] = work(values[i]!);
    yield;
  }
  return mapped;
}

/** Returns the probabilities of both, `[rows, classes]`. */
export function* poolProbabilities(
  lstm: Float32Array,
  ngrams: ClassScores,
  classes: number,
  pool: Pool,
): Turns<Float32Array> {
  const pooled = new Float32Array(lstm.length);
  const scores = new Float64Array(classes);
  for (let first = 0; first < lstm.length; first += classes) {
    if (pool.labels === "many") {
      for (let k = first; k < first + classes; k++) {
        pooled[k] = sigmoid(pool.lstm * logOdds(lstm[k]!) + pool.ngrams * logOdds(ngrams[k]!));
      }
      yield;
      continue;
    }
    for (let k = 0; k < classes; k++) {
      scores[k] = (pool.offsets?.[k] ?? 0) - pool.lstm * logLoss(lstm[first + k]!) -
        pool.ngrams * logLoss(ngrams[first + k]!);
    }
    softmaxOf(scores);
    pooled.set(scores, first);
    yield;
  }
  return pooled;
}

/**
 * Powers that are usual for texts. The n-grams have the greater one: on 500 rows they know more, and the model that is kept
 * is fitted to all rows, those for validation included.
 */
const USUAL_POWERS: readonly UsualPower[] = [{ mean: 0.2, rows: 20 }, { mean: 0.85, rows: 20 }];

/** Returns the mean distance of log-probabilities from their mean in a row. */
function* spread(logs: Float64Array, classes: number): Turns<number> {
  let sum = 0;
  for (let first = 0; first < logs.length; first += classes) {
    let mean = 0;
    for (let k = first; k < first + classes; k++) mean += logs[k]! / classes;
    for (let k = first; k < first + classes; k++) sum += Math.abs(logs[k]! - mean);
    yield;
  }
  return logs.length > 0 ? sum / logs.length : 1;
}
