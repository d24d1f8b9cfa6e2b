/** What an engine's probabilities say, in words. */
import { mostProbable } from "../data/most_probable.ts";
import type { Prediction } from "./types.ts";

/** The prediction in row `row` of `all`, `[sequences, classes]`. */
export function prediction(all: Float32Array, row: number, labels: readonly string[]): Prediction {
  const probabilities: number[] = [];
  const first = row * labels.length;
  for (let index = 0; index < labels.length; index++) probabilities.push(all[first + index]!);
  const given = mostProbable(probabilities);
  return { class: given, label: labels[given]!, probabilities };
}
