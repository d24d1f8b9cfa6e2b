/**
 * Encodes `ngrams.safetensors` of a saved model: the n-grams of the training rows, their importance and their weights.
 * Features that no training row had, which are most of them, are left out.
 *
 * | tensor       | shape               |                                                            |
 * | ------------ | ------------------- | ---------------------------------------------------------- |
 * | `features`   | `[known]`           | ascending; whole numbers below 2^24, exact in float32      |
 * | `importance` | `[known]`           | inverse document frequency                                 |
 * | `weights`    | `[known, classes]`  |                                                            |
 * | `bias`       | `[classes]`         |                                                            |
 */
import { counted } from "../../base/counted.ts";
import { z } from "zod";
import type { Combination } from "../../ngrams/mix.ts";
import type { BaselineModel } from "../../ngrams/model.ts";
import { decodeSafetensors, encodeSafetensors } from "../../model/formats/safetensors.ts";

/** Describes the n-grams in `lockstep.json`, without the tensors. */
export const ngramNumbersSchema = z.object({
  /** The share of the LSTM in the mean of both probabilities. */
  share: z.number().min(0).max(1),
  /** See GramSpace, also for `tokens` and `features`. */
  order: z.int().min(1).max(16),
  tokens: z.int().min(1),
  features: z.int().min(1).max(2 ** 24),
});
export type NgramNumbers = z.infer<typeof ngramNumbersSchema>;

export function ngramNumbers({ share, model: { space } }: Combination): NgramNumbers {
  return { share, order: space.order, tokens: space.tokens, features: space.features };
}

/** Returns the bytes of the file. */
export function encodeNgrams({ classes, importance, weights, bias }: BaselineModel): Uint8Array<ArrayBuffer> {
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

/** Reads the n-grams in `bytes`. Throws a RangeError if they are damaged or of another model. */
export function decodeNgrams(bytes: Uint8Array, numbers: NgramNumbers, classes: number): Combination {
  const { share, order, tokens, features: all } = numbers;
  if (tokens >= all) {
    throw new RangeError(`${counted(tokens, "token")}: expected fewer than the ${counted(all, "feature")}`);
  }
  const space = { order, tokens, features: all };
  const byName = new Map(decodeSafetensors(bytes).tensors.map((tensor) => [tensor.name, tensor]));
  const known = byName.get("features")?.values.length ?? 0;
  const take = (name: string, shape: readonly number[]): Float32Array => {
    const tensor = byName.get(name);
    if (tensor?.shape.join() === shape.join()) return tensor.values;
    throw new RangeError(`tensor "${name}" is [${tensor?.shape ?? "missing"}]: expected [${shape}]`);
  };
  const features = take("features", [known]);
  const [counts, rows] = [take("importance", [known]), take("weights", [known, classes])];
  const importance = new Float32Array(space.features);
  const weights = new Float32Array(space.features * classes);
  features.forEach((feature, row) => {
    if (!(feature < space.features)) throw new RangeError(`feature ${feature}: expected one below ${space.features}`);
    importance[feature] = counts[row]!;
    weights.set(rows.subarray(row * classes, (row + 1) * classes), feature * classes);
  });
  return { share, model: { space, classes, importance, weights, bias: take("bias", [classes]) } };
}
