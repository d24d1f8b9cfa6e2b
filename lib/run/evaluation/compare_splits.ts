/** Measures what a random split would hide: the accuracy of n-grams on the validation rows of either split. */
import { tokenKeysOf } from "../../data/encode/preprocessing.ts";
import type { LoadedData } from "../../data/load/loaded_data.ts";
import { evaluateBaseline } from "../../ngrams/evaluate.ts";
import { ngramSpace } from "../../ngrams/features.ts";
import { trainBaseline } from "../../ngrams/train.ts";

/** Most milliseconds of each of the two trainings. */
const MOST_MS = 10_000;

/** Trains n-grams on the training rows of both; undefined if that takes too long, or if rows may have several labels. */
export function compareSplits(
  own: LoadedData,
  random: LoadedData,
  seed: number,
): { readonly own: number; readonly random: number } | undefined {
  const [ofOwn, ofRandom] = [accuracyOf(own, seed), accuracyOf(random, seed)];
  return ofOwn === undefined || ofRandom === undefined ? undefined : { own: ofOwn, random: ofRandom };
}

function accuracyOf({ training, validation, preprocessing, labels, vocabulary }: LoadedData, seed: number) {
  if (!validation || training.table.labelOffsets) return undefined;
  const end = performance.now() + MOST_MS;
  const baseline = trainBaseline(training.table, validation.table, {
    space: ngramSpace(preprocessing.tokenizer.kind, vocabulary),
    classes: labels.length,
    vocabulary: tokenKeysOf(preprocessing),
    seed,
    metric: "log-loss",
    fitsValidation: false,
    stopped: () => performance.now() > end,
  });
  return baseline && evaluateBaseline(baseline.validation, validation.table).accuracy;
}
