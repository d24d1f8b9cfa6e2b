/**
 * `ngrams.safetensors` of a saved model: the features that training rows had, their importance and their weights.
 *
 * | tensor       | shape               |                                                                    |
 * | ------------ | ------------------- | ------------------------------------------------------------------ |
 * | `keys`       | `[known, 2]`        | high and low 16 bits of each key, as numbers                       |
 * | `importance` | `[known]`           | inverse document frequency                                         |
 * | `weights`    | `[known, scores]`   | one score a class, or one in all of two classes                    |
 * | `bias`       | `[scores]`          |                                                                    |
 *
 * In runs of earlier versions, `features` (`[known]`, ascending whole numbers) stands in place of `keys`, and there is one
 * score a class.
 */
import { counted } from "../../base/counted.ts";
import { z } from "zod";
import { type PreprocessingJson, tokenKeysOf } from "../../data/encode/preprocessing.ts";
import type { HashedModel } from "../../ngrams/hashed.ts";
import { KeyTable } from "../../ngrams/key_table.ts";
import type { Combination } from "../../ngrams/combine.ts";
import { type LinearModel, scoresOf } from "../../ngrams/model.ts";
import { decodeSafetensors, encodeSafetensors } from "../../model/formats/safetensors.ts";

/** Most features, and the longest n-grams. */
const MOST_FEATURES = 2 ** 24;
const MOST_ORDER = 16;

/** See Combination. */
const share = z.number().min(0).max(1);
const order = z.int().min(1).max(MOST_ORDER);
const hashedNumbersSchema = z.object({
  share,
  order,
  tokens: z.int().min(1),
  features: z.int().min(1).max(MOST_FEATURES),
});
const linearNumbersSchema = z.object({
  share,
  exponent: z.number().min(0),
  order,
  hasEnds: z.boolean(),
  /** Features before this one are n-grams of tokens, the others letters of words. */
  tokenColumns: z.int().min(0).max(MOST_FEATURES),
});

/** The entry of n-grams in `lockstep.json`; see NgramSpace, and HashedSpace for runs of earlier versions. */
export const ngramNumbersSchema = z.union([hashedNumbersSchema, linearNumbersSchema]);
type NgramNumbers = z.infer<typeof ngramNumbersSchema>;

export function ngramNumbers(combination: Combination): NgramNumbers {
  const { share } = combination;
  if (!("exponent" in combination)) return { share, ...combination.model.space };
  const { exponent, model: { space, tokenColumns } } = combination;
  return { share, exponent, ...space, tokenColumns };
}

/** Returns the file's bytes. */
export function encodeNgrams(model: Combination["model"]): Uint8Array<ArrayBuffer> {
  return "vocabulary" in model ? encodeLinear(model) : encodeHashed(model);
}

function encodeLinear({ classes, keys, importance, weights, bias }: LinearModel): Uint8Array<ArrayBuffer> {
  const halves = new Float32Array(2 * keys.length);
  keys.forEach((key, column) => halves.set([key >>> 16, key & 0xFFFF], 2 * column));
  return encodeSafetensors({
    metadata: {},
    tensors: [
      { name: "keys", shape: [keys.length, 2], values: halves },
      { name: "importance", shape: [keys.length], values: importance },
      { name: "weights", shape: [keys.length, scoresOf(classes)], values: weights },
      { name: "bias", shape: [scoresOf(classes)], values: bias },
    ],
  });
}

function encodeHashed({ classes, importance, weights, bias }: HashedModel): Uint8Array<ArrayBuffer> {
  const known = Float32Array.from(importance.keys().filter((feature) => importance[feature]! > 0));
  const own = new Float32Array(known.length * classes);
  known.forEach((feature, row) => own.set(weights.subarray(feature * classes, (feature + 1) * classes), row * classes));
  return encodeSafetensors({
    metadata: {},
    tensors: [
      { name: "features", shape: [known.length], values: known },
      { name: "importance", shape: [known.length], values: known.map((feature) => importance[feature]!) },
      { name: "weights", shape: [known.length, classes], values: own },
      { name: "bias", shape: [classes], values: bias },
    ],
  });
}

/** Returns the n-grams in `bytes`. Throws a RangeError if they are damaged or of another model. */
export function decodeNgrams(
  bytes: Uint8Array,
  numbers: NgramNumbers,
  classes: number,
  preprocessing: PreprocessingJson | undefined,
): Combination {
  const byName = new Map(decodeSafetensors(bytes).tensors.map((tensor) => [tensor.name, tensor]));
  const take: Take = (name, shape) => {
    const tensor = byName.get(name);
    if (tensor?.shape.join() === shape.join()) return tensor.values;
    throw new RangeError(`tensor "${name}" is [${tensor?.shape ?? "missing"}]: expected [${shape}]`);
  };
  const known = byName.get("importance")?.values.length ?? 0;
  const { share } = numbers;
  if ("features" in numbers) return { share, model: decodeHashed(take, known, numbers, classes) };
  if (!preprocessing) throw new RangeError("n-grams of a model without preprocessing: expected one with it");
  return { share, exponent: numbers.exponent, model: decodeLinear(take, known, numbers, classes, preprocessing) };
}

/** Returns the values of a tensor. Throws a RangeError if its shape is another. */
type Take = (name: string, shape: readonly number[]) => Float32Array;

function decodeLinear(
  take: Take,
  known: number,
  { order, hasEnds, tokenColumns }: z.infer<typeof linearNumbersSchema>,
  classes: number,
  preprocessing: PreprocessingJson,
): LinearModel {
  const keys = keysOf(take("keys", [known, 2]));
  const scores = scoresOf(classes);
  return {
    space: { order, hasEnds },
    classes,
    vocabulary: tokenKeysOf(preprocessing),
    keys,
    tokenColumns,
    importance: take("importance", [known]),
    weights: take("weights", [known, scores]),
    bias: take("bias", [scores]),
  };
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
  space: z.infer<typeof hashedNumbersSchema>,
  classes: number,
): HashedModel {
  const { order, tokens, features: all } = space;
  if (tokens >= all) {
    throw new RangeError(`${counted(tokens, "token")}: expected fewer than the ${counted(all, "feature")}`);
  }
  const features = take("features", [known]);
  const [counts, rows] = [take("importance", [known]), take("weights", [known, classes])];
  const importance = new Float32Array(all);
  const weights = new Float32Array(all * classes);
  features.forEach((feature, row) => {
    if (!(feature < all)) throw new RangeError(`feature ${feature}: expected one below ${all}`);
    importance[feature] = counts[row]!;
    weights.set(rows.subarray(row * classes, (row + 1) * classes), feature * classes);
  });
  return { space: { order, tokens, features: all }, classes, importance, weights, bias: take("bias", [classes]) };
}
