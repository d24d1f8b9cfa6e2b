/** What an outcome says of an input, in words. */
import { mostProbable } from "../data/most_probable.ts";
import type { Outcome } from "./protocol.ts";
import type { Prediction } from "./types.ts";

/** The prediction for input `row`. */
export function prediction(
  { probabilities: all, flags }: Pick<Outcome, "probabilities" | "flags">,
  row: number,
  labels: readonly string[],
): Prediction {
  const probabilities: number[] = [];
  const first = row * labels.length;
  for (let index = 0; index < labels.length; index++) probabilities.push(all[first + index]!);
  const given = mostProbable(probabilities);
  return { class: given, label: labels[given]!, probabilities, ...flags[row] };
}
