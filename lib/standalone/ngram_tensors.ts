/**
 * Saves n-grams as tensors, and reads them: the features that training rows had, their importance and their weights.
 *
 * | tensor       | shape               |                                                                    |
 * | ------------ | ------------------- | ------------------------------------------------------------------ |
 * | `keys`       | `[known, 2]`        | high and low 16 bits of each key, as numbers                       |
 * | `importance` | `[known]`           | inverse document frequency                                         |
 * | `weights`    | `[known, scores]`   | one score a class, or one in all of two classes                    |
 * | `bias`       | `[scores]`          |                                                                    |
 *
 * Where scores are many, each feature has weights for some of them: `weights` is `[entries]`, feature by feature, `counts`
 * (`[known]`) has their number and `scores` (`[entries]`) the score of each.
 *
 * In runs of earlier versions, `features` (`[known]`, ascending whole numbers) stands in place of `keys`, and there is one
 * score a class.
 */
import { counted } from "../base/counted.ts";
import type { NamedTensor } from "../base/safetensors_header.ts";
import { Fields, flag, real, whole } from "../base/shapes.ts";
import { type PreprocessingJson, tokenKeysOf } from "../data/encode/preprocessing.ts";
import { checkFinite } from "../model/formats/finite.ts";
import type { Combination } from "../ngrams/combine.ts";
import type { HashedModel, HashedSpace } from "../ngrams/hashed.ts";
import { KeyTable } from "../ngrams/key_table.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { NgramSpace } from "../ngrams/features.ts";
import { type LinearModel, scoresOf, type SparseWeights } from "../ngrams/model.ts";

/** Most features, the longest n-grams, and most weights: more than any run has. */
const [MOST_FEATURES, MOST_ORDER, MOST_WEIGHTS] = [2 ** 24, 16, 2 ** 30];

/** See Combination; `tokenColumns` as in LinearModel. */
interface LinearNumbers extends NgramSpace {
  readonly share: number;
  readonly exponent: number;
  readonly tokenColumns: number;
}

/** Those of runs of earlier versions. */
interface HashedNumbers extends HashedSpace {
  readonly share: number;
}

/** The numbers of n-grams that are not in tensors. */
export type NgramNumbers = LinearNumbers | HashedNumbers;

/** Throws a ShapeError unless `value` has the numbers of n-grams; other fields are ignored. */
export function ngramNumbersShape(value: unknown, field: string): NgramNumbers {
  const fields = new Fields(value, field);
  const share = fields.read("share", real(0, 1));
  const order = fields.read("order", whole(1, MOST_ORDER));
  if (fields.has("features")) {
    const features = fields.read("features", whole(1, MOST_FEATURES));
    return { share, order, tokens: fields.read("tokens", whole(1, features - 1)), features };
  }
  return {
    share,
    exponent: fields.read("exponent", real(0)),
    order,
    hasEnds: fields.read("hasEnds", flag),
    tokenColumns: fields.read("tokenColumns", whole(0, MOST_FEATURES)),
  };
}

export function ngramNumbers(combination: Combination): NgramNumbers {
  const { share } = combination;
  if (!("exponent" in combination)) return { share, ...combination.model.space };
  const { exponent, model: { space, tokenColumns } } = combination;
  return { share, exponent, ...space, tokenColumns };
}

/** Returns the tensors of n-grams. */
export function ngramTensors(model: Combination["model"]): NamedTensor[] {
  return "vocabulary" in model ? linearTensors(model) : hashedTensors(model);
}

function linearTensors({ classes, labels, keys, importance, weights, sparse, bias }: LinearModel): NamedTensor[] {
  const halves = new Float32Array(2 * keys.length);
  keys.forEach((key, column) => halves.set([key >>> 16, key & 0xFFFF], 2 * column));
  return [
    { name: "keys", shape: [keys.length, 2], values: halves },
    { name: "importance", shape: [keys.length], values: importance },
    ...sparse
      ? [
        { name: "counts", shape: [keys.length], values: countsOf(sparse) },
        { name: "scores", shape: [weights.length], values: Float32Array.from(sparse.scores) },
        { name: "weights", shape: [weights.length], values: weights },
      ]
      : [{ name: "weights", shape: [keys.length, scoresOf(classes, labels)], values: weights }],
    { name: "bias", shape: [scoresOf(classes, labels)], values: bias },
  ];
}

function countsOf({ starts }: SparseWeights): Float32Array {
  return Float32Array.from(starts.subarray(1), (end, column) => end - starts[column]!);
}

function hashedTensors({ classes, importance, weights, bias }: HashedModel): NamedTensor[] {
  const known = Float32Array.from(importance.keys().filter((feature) => importance[feature]! > 0));
  const own = new Float32Array(known.length * classes);
  known.forEach((feature, row) => own.set(weights.subarray(feature * classes, (feature + 1) * classes), row * classes));
  return [
    { name: "features", shape: [known.length], values: known },
    { name: "importance", shape: [known.length], values: known.map((feature) => importance[feature]!) },
    { name: "weights", shape: [known.length, classes], values: own },
    { name: "bias", shape: [classes], values: bias },
  ];
}

/** Returns the n-grams in `tensors`. Throws a RangeError if they are damaged or of another model. */
export function ngramsOf(
  tensors: readonly NamedTensor[],
  numbers: NgramNumbers,
  { classes, labels }: Pick<ModelSpec, "classes" | "labels">,
  preprocessing: PreprocessingJson | undefined,
): Combination {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const take: Take = (name, shape) => {
    const tensor = byName.get(name);
    if (tensor?.shape.join() !== shape.join()) {
      throw new RangeError(`tensor "${name}" is [${tensor?.shape ?? "missing"}]: expected [${shape}]`);
    }
    checkFinite(name, tensor.values);
    return tensor.values;
  };
  const known = byName.get("importance")?.values.length ?? 0;
  const entries = byName.has("counts") ? byName.get("weights")?.values.length ?? 0 : undefined;
  const { share } = numbers;
  if ("features" in numbers) return { share, model: decodeHashed(take, known, numbers, classes) };
  if (!preprocessing) throw new RangeError("n-grams of a model without preprocessing: expected one with it");
  return {
    share,
    exponent: numbers.exponent,
    model: decodeLinear(take, { known, entries }, numbers, { classes, labels }, preprocessing),
  };
}

/** Returns the values of a tensor. Throws a RangeError if its shape is another. */
type Take = (name: string, shape: readonly number[]) => Float32Array;

function decodeLinear(
  take: Take,
  { known, entries }: { readonly known: number; readonly entries: number | undefined },
  { order, hasEnds, tokenColumns }: LinearNumbers,
  { classes, labels }: { readonly classes: number; readonly labels?: "many" | undefined },
  preprocessing: PreprocessingJson,
): LinearModel {
  const keys = keysOf(take("keys", [known, 2]));
  const scores = scoresOf(classes, labels);
  return {
    space: { order, hasEnds },
    classes,
    ...labels && { labels },
    vocabulary: tokenKeysOf(preprocessing),
    keys,
    tokenColumns,
    importance: take("importance", [known]),
    ...entries === undefined ? { weights: take("weights", [known, scores]) } : {
      weights: take("weights", [entries]),
      sparse: checkedSparse(take("counts", [known]), take("scores", [entries]), scores),
    },
    bias: take("bias", [scores]),
  };
}

/** Throws a RangeError at other numbers than those of weights of `scores` scores, which ascend within a feature. */
function checkedSparse(counts: Float32Array, scoreOf: Float32Array, scores: number): SparseWeights {
  const isWhole = (value: number) => Number.isInteger(value) && value >= 0 && value <= scores;
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (!counts.every(isWhole) || all !== scoreOf.length) {
    throw new RangeError(`features have ${all} weights: expected ${scoreOf.length}, and up to ${scores} each`);
  }
  const starts = new Uint32Array(counts.length + 1);
  counts.forEach((count, column) => starts[column + 1] = starts[column]! + count);
  for (let column = 0; column < counts.length; column++) {
    let least = 0;
    for (const score of scoreOf.subarray(starts[column], starts[column + 1])) {
      if (!isWhole(score) || score < least || score === scores) {
        throw new RangeError(`a weight is of score ${score}: expected ${least} to ${scores - 1}`);
      }
      least = score + 1;
    }
  }
  return { starts, scores: Uint16Array.from(scoreOf) };
}

/** Joins the halves of keys. Throws a RangeError at other numbers than halves, and at a key that occurs twice. */
function keysOf(halves: Float32Array): Uint32Array {
  const bad = halves.find((half) => (half & 0xFFFF) !== half);
  if (bad !== undefined) throw new RangeError(`half a key is ${bad}: expected a whole number below ${2 ** 16}`);
  const keys = Uint32Array.from(
    { length: halves.length / 2 },
    (_, column) => 2 ** 16 * halves[2 * column]! + halves[2 * column + 1]!,
  );
  const repeated = keys.length - KeyTable.of(keys).size;
  if (repeated > 0) throw new RangeError(`${counted(repeated, "key")} repeated: expected each key once`);
  return keys;
}

function decodeHashed(
  take: Take,
  known: number,
  { order, tokens, features: all }: HashedNumbers,
  classes: number,
): HashedModel {
  if (all * classes > MOST_WEIGHTS) throw new RangeError(`n-grams have ${all} × ${classes} weights: expected fewer`);
  const features = take("features", [known]);
  const [counts, rows] = [take("importance", [known]), take("weights", [known, classes])];
  const importance = new Float32Array(all);
  const weights = new Float32Array(all * classes);
  features.forEach((feature, row) => {
    if (!(Number.isInteger(feature) && feature >= 0 && feature < all)) {
      throw new RangeError(`feature ${feature}: expected one below ${all}`);
    }
    importance[feature] = counts[row]!;
    weights.set(rows.subarray(row * classes, (row + 1) * classes), feature * classes);
  });
  return { space: { order, tokens, features: all }, classes, importance, weights, bias: take("bias", [classes]) };
}
