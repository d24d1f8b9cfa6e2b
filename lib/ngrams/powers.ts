/** Fits the powers of combined probabilities: how much the scores of each part count. */
import { softmaxOf } from "./model.ts";

/** Class scores of some rows, `[rows, classes]`, row-major. */
export type ClassScores = Float32Array | Float64Array;

/** Work that yields after every row, for inTurns(): many rows of many classes take seconds. */
export type Turns<Result> = Generator<void, Result, void>;

/** A power that is likely before any row is seen, as if it had been learnt from so many rows. */
export interface UsualPower {
  readonly mean: number;
  readonly rows: number;
}

export interface FittedPowers {
  readonly powers: readonly number[];
  /** Mean cross-entropy of the rows, weighted by class. */
  readonly loss: number;
}

interface FitOptions {
  /** One power for each part. */
  readonly usual: readonly UsualPower[];
  /** `[rows + 1]`, where a row may have several labels: see EncodedTable. Each label has a sigmoid then. */
  readonly labelOffsets?: ArrayLike<number> | undefined;
  /** `[classes]`: weight of a row of each class; 1 without it. */
  readonly classWeights?: Float32Array | undefined;
  /** Share of each row that belongs to the other classes. Above 0, powers are finite even if no row is wrong. */
  readonly doubt?: number;
}

const MOST_STEPS = 50;
const SMALLEST_STEP = 1e-9;

/**
 * Minimizes `Σ weight · cross-entropy + Σ usual.rows · (power - usual.mean)²` of the softmax of `Σ power · scores`, by
 * Newton's method with step halving: the function is convex. `parts` are one or two. Powers are 0 or more.
 */
export function* fitPowers(
  parts: readonly ClassScores[],
  labels: ArrayLike<number>,
  options: FitOptions,
): Turns<FittedPowers> {
  let powers = options.usual.map(({ mean }) => mean);
  let here = yield* slopes(parts, labels, options, powers);
  for (let step = 0; step < MOST_STEPS; step++) {
    const direction = newtonStep(here.gradient, here.curvature);
    if (direction.every((size) => Math.abs(size) < SMALLEST_STEP)) break;
    let length = 1;
    let next = here;
    let moved = powers;
    for (; length > SMALLEST_STEP; length /= 2) {
      moved = powers.map((power, i) => Math.max(0, power - length * direction[i]!));
      next = yield* slopes(parts, labels, options, moved);
      if (next.penalized <= here.penalized) break;
    }
    const change = Math.max(...moved.map((power, i) => Math.abs(power - powers[i]!)));
    if (!(next.penalized <= here.penalized) || change < SMALLEST_STEP) break;
    powers = moved;
    here = next;
  }
  return { powers, loss: here.loss };
}

interface Slopes {
  readonly loss: number;
  /** The minimized function. */
  readonly penalized: number;
  readonly gradient: readonly number[];
  /** `[powers, powers]`, row-major. */
  readonly curvature: readonly number[];
}

function* slopes(
  parts: readonly ClassScores[],
  labels: ArrayLike<number>,
  { usual, labelOffsets, classWeights, doubt = 0 }: FitOptions,
  powers: readonly number[],
): Turns<Slopes> {
  const size = powers.length;
  const penalty = powers.reduce((sum, power, i) => sum + usual[i]!.rows * (power - usual[i]!.mean) ** 2, 0);
  const gradient = powers.map((power, i) => 2 * usual[i]!.rows * (power - usual[i]!.mean));
  const curvature = Array.from({ length: size * size }, (_, i) => i % (size + 1) === 0 ? 2 * usual[i % size]!.rows : 0);
  if (labelOffsets) {
    const sum = yield* binarySlopes(parts, labels, labelOffsets, doubt, powers, gradient, curvature);
    const rows = labelOffsets.length - 1;
    return { loss: rows > 0 ? sum / rows : 0, penalized: sum + penalty, gradient, curvature };
  }
  const classes = labels.length > 0 ? parts[0]!.length / labels.length : 0;
  const ofOthers = classes > 1 ? doubt / (classes - 1) : 0;
  const ofOwn = 1 - ofOthers * classes;
  const probabilities = new Float64Array(classes);
  const [expected, wanted] = [new Float64Array(size), new Float64Array(size)];
  let [loss, total] = [0, 0];
  for (let row = 0; row < labels.length; row++) {
    const first = row * classes;
    const own = first + labels[row]!;
    const weight = classWeights?.[labels[row]!] ?? 1;
    // Scores of a row may be far from 0: those relative to its own class are used.
    let target = 0;
    for (let k = 0; k < classes; k++) {
      let score = 0;
      for (let i = 0; i < size; i++) score += powers[i]! * (parts[i]![first + k]! - parts[i]![own]!);
      probabilities[k] = score;
      target += ofOthers * score;
    }
    loss += weight * (logSum(probabilities) - target);
    total += weight;
    softmaxOf(probabilities);
    for (let i = 0; i < size; i++) {
      const scores = parts[i]!;
      let [mean, sum] = [0, 0];
      for (let k = 0; k < classes; k++) {
        mean += probabilities[k]! * scores[first + k]!;
        sum += scores[first + k]!;
      }
      expected[i] = mean;
      wanted[i] = ofOwn * scores[own]! + ofOthers * sum;
      gradient[i]! += weight * (mean - wanted[i]!);
    }
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let k = 0; k < classes; k++) {
          sum += probabilities[k]! * (parts[i]![first + k]! - expected[i]!) * (parts[j]![first + k]! - expected[j]!);
        }
        curvature[i * size + j]! += weight * sum;
        if (j < i) curvature[j * size + i]! += weight * sum;
      }
    }
    yield;
  }
  return { loss: total > 0 ? loss / total : 0, penalized: loss + penalty, gradient, curvature };
}

/**
 * Returns the sum of the binary cross-entropies of the sigmoids of `Σ power · scores` of all labels of all rows, and adds its
 * slopes to `gradient` and `curvature`.
 */
function* binarySlopes(
  parts: readonly ClassScores[],
  labels: ArrayLike<number>,
  offsets: ArrayLike<number>,
  doubt: number,
  powers: readonly number[],
  gradient: number[],
  curvature: number[],
): Turns<number> {
  const [rows, size] = [offsets.length - 1, powers.length];
  const classes = rows > 0 ? parts[0]!.length / rows : 0;
  const wanted = new Float64Array(classes);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    wanted.fill(doubt);
    for (let at = offsets[row]!; at < offsets[row + 1]!; at++) wanted[labels[at]!] = 1 - doubt;
    for (let k = 0; k < classes; k++) {
      const at = row * classes + k;
      let score = 0;
      for (let i = 0; i < size; i++) score += powers[i]! * parts[i]![at]!;
      const decay = Math.exp(-Math.abs(score));
      const probability = (score < 0 ? decay : 1) / (1 + decay);
      loss += Math.max(score, 0) + Math.log1p(decay) - wanted[k]! * score;
      const slope = probability - wanted[k]!;
      for (let i = 0; i < size; i++) {
        const value = parts[i]![at]!;
        gradient[i]! += slope * value;
        for (let j = 0; j < size; j++) {
          curvature[i * size + j]! += probability * (1 - probability) * value * parts[j]![at]!;
        }
      }
    }
    yield;
  }
  return loss;
}

/** Returns the logarithm of the sum of e to the power of each. */
function logSum(scores: Float64Array): number {
  const max = Math.max(...scores);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - max);
  return max + Math.log(sum);
}

/** Solves `curvature · step = gradient`, of one or two numbers; the usual powers keep the curvature positive. */
function newtonStep(gradient: readonly number[], curvature: readonly number[]): number[] {
  if (gradient.length === 1) return [gradient[0]! / curvature[0]!];
  const [a, b, c, d] = curvature as [number, number, number, number];
  const determinant = a * d - b * c;
  return [(d * gradient[0]! - b * gradient[1]!) / determinant, (a * gradient[1]! - c * gradient[0]!) / determinant];
}
