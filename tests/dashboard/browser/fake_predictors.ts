/** Makes models that answer at once: one for tokens, one for text. */
import type { ModelInfo, Predictor } from "../../../lib/predict/types.ts";
import type { DataStatistics } from "../../../lib/data/statistics.ts";
import { predictorOf } from "../../serve/fakes.ts";

export const DIGEST = "3fa9c1d27b60e84455aa19cf0d3be2716cfe9a0b41d8537e2290b6cc11d4f05e";

const version = { round: 560, digest: DIGEST };

/** Predicts whether first and last token of eight have an even sum, and rejects a sequence of one token eight times. */
export function parityPredictor(run: string): Predictor {
  const model: ModelInfo = { run, labels: ["odd", "even"], vocabulary: 50, length: 8, text: false, ...version };
  const predictor = predictorOf(model, ({ tokens }) => {
    if (new Set(Array.from(tokens)).size === 1) return { class: 1, label: "even", probabilities: [0.4438, 0.5562] };
    return (tokens[0]! + tokens[tokens.length - 1]!) % 2 === 0
      ? { class: 1, label: "even", probabilities: [0.0213, 0.9787] }
      : { class: 0, label: "odd", probabilities: [0.9614, 0.0386] };
  });
  return {
    ...predictor,
    predict: (inputs, options) => predictor.predict(inputs, { ...options, reject: options?.reject ?? 0.9 }),
  };
}

/** Explains each answer by its first five letters. */
function explained(predictor: Predictor): Predictor {
  const tokens = [{ token: "first", weight: 1, start: 0, end: 5 }];
  const because = { against: "other", logOdds: 1, rest: 0, tokens, ngrams: [] };
  return {
    ...predictor,
    async predict(inputs, options) {
      const answer = await predictor.predict(inputs, options);
      if (!options?.explain) return answer;
      const reasons = (label: string | null) => ({ reasons: { label: label ?? "", ...because } });
      return { ...answer, predictions: answer.predictions.map((one) => ({ ...one, ...reasons(one.label) })) };
    },
  };
}

/**
 * Gives a text the class with the number of its known words, or the last class. Where the data have columns, there is a
 * text before them.
 */
export function textPredictor(
  run: string,
  { classes, maxLength, columns: others }: DataStatistics,
  change: Partial<ModelInfo> = {},
): Predictor {
  const text = { name: "subject", kind: "text" } as const;
  const columns = others && { columns: [text, ...others.map(({ name, kind }) => ({ name, kind }))] };
  const labels = classes.map(({ label }) => label);
  const vocabulary = ["refund", "please", "crash", "my", "parcel"];
  const model: ModelInfo = {
    run,
    labels,
    vocabulary: 7,
    length: maxLength,
    text: true,
    ...columns,
    ...version,
    ...change,
  };
  const tokenizer = { kind: "words", lowercase: true, punctuation: "keep" } as const;
  return explained(predictorOf(model, ({ tokens }) => {
    const chosen = Math.min(Array.from(tokens).filter((token) => token > 1).length, labels.length - 1);
    const rest = 0.2 / (labels.length - 1);
    return {
      class: chosen,
      label: labels[chosen]!,
      probabilities: labels.map((_, at) => at === chosen ? 0.8 : rest),
    };
  }, { tokenizer, vocabulary, maxLength, truncate: "end", ...columns }));
}
