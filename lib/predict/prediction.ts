/** What an engine's probabilities say, in words. */
import type { Prediction } from "./types.ts";

/** The prediction in row `row` of `all`, `[sequences, classes]`. */
export function prediction(all: Float32Array, row: number, labels: readonly string[]): Prediction {
  const probabilities: number[] = [];
  const first = row * labels.length;
  let best = 0;
  for (let index = 0; index < labels.length; index++) {
    probabilities.push(all[first + index]!);
    if (probabilities[index]! > probabilities[best]!) best = index;
  }
  return { class: best, label: labels[best]!, probabilities };
}
