/**
 * Divides the log-odds of a label against another one among the tokens of a row. The n-grams are a sum, which is divided
 * exactly. The LSTM is not: its tokens are put in place of unknown ones one after the other, from the first to the last and
 * from the last to the first, and a token adds the mean of what it changes each time (two orders of those whose mean is the
 * Shapley value: Štrumbelj and Kononenko, 2014). So all parts together are exactly the log-odds.
 */
import { inputError } from "../base/errors.ts";
import { logLoss, logOdds, mostProbable } from "../data/metrics.ts";
import { TokenKeyList, type TokenKeys } from "../data/vocabulary/token_keys.ts";
import { UNKNOWN } from "../data/vocabulary/vocabulary.ts";
import type { NgramPart } from "../ngrams/model.ts";
import type { Reasons } from "./answer_types.ts";
import { placesOf } from "./places.ts";
import { joinSequences, joinUnknown, type Read, type Reading } from "./readings.ts";
import type { SequencePredictor } from "./sequence_predictor.ts";
import type { Input } from "./types.ts";

/** Tokens of a longer row are replaced in as many groups, and fewer of very long ones, as all variants have so many tokens. */
const MOST_GROUPS = 64;
const MOST_TOKENS = 2 ** 15;

/** Most sequences that an explanation computes, unless there is only one group. */
export const MOST_VARIANTS = 2 * MOST_GROUPS;

/** Why a row has class `one` rather than class `other`, or has it at all if `other` is -1. */
export interface RowReasons {
  readonly one: number;
  readonly other: number;
  /** The logarithm of the probability of `one` divided by that of `other`: the sum of `weights` and `rest`. */
  readonly logOdds: number;
  /** Counts what no token adds. */
  readonly rest: number;
  /** `[tokens]`: what each token adds, with its share of n-grams. */
  readonly weights: Float64Array;
  /** N-grams of several tokens, which are also in `weights`. */
  readonly ngrams: readonly NgramPart[];
}

/**
 * Explains the most probable class of a row against the second, or the first of `pair` against the other; against its absence
 * where a row may have several. The room of
 * `predictor` has the row's length.
 */
export function explainReading(
  predictor: SequencePredictor,
  { tokens, unknown }: Reading,
  pair?: readonly [one: number, other: number],
): RowReasons {
  const { length } = tokens;
  const groups = Math.max(1, Math.min(length, MOST_GROUPS, Math.floor(MOST_TOKENS / 2 / length)));
  const begin = (group: number) => Math.floor(group * length / groups);
  // The whole row, then its first 0, 1, … groups, then its last 1, 2, … groups.
  const kept = [
    [0, length],
    ...Array.from({ length: groups }, (_, group) => [0, begin(group)]),
    ...Array.from({ length: groups - 1 }, (_, group) => [begin(groups - 1 - group), length]),
  ] as const;
  const variants = kept.map(([from, to]) => variantOf(tokens, from, to));
  const keys = predictor.keepsUnknown ? kept.map(([from, to]) => keysOf(tokens, unknown, from, to)) : [];
  const rows = { ...joinSequences(variants), ...keys.length > 0 && { unknown: joinUnknown(keys, variants.length) } };
  const { combine } = predictor;
  const sum = combine?.sum;
  const probabilities = sum ? predictor.predictLstm(rows) : predictor.predict(rows);
  const classes = probabilities.length / variants.length;
  const answer = probabilities.slice(0, classes);
  if (sum) combine(answer, rows, 0);
  const [one, other] = pair ?? (predictor.several ? [mostProbable(answer), -1] : twoMostProbable(answer));
  const factor = sum ? sum.exponent : 1;
  const oddsOf = (variant: number): number => {
    const [own, against] = [one, other].map((k) => probabilities[variant * classes + k]!) as [number, number];
    return factor * (predictor.several ? logOdds(own) : logLoss(against) - logLoss(own));
  };
  const weights = new Float64Array(length);
  const spread = (from: number, to: number, weight: number) => {
    for (let token = from; token < to; token++) weights[token]! += weight / (to - from);
  };
  const first = (group: number) => oddsOf(group === groups ? 0 : 1 + group);
  const last = (group: number) => group === 0 ? oddsOf(1) : oddsOf(group === groups ? 0 : groups + group);
  for (let group = 0; group < groups; group++) {
    const behind = groups - group;
    const change = (first(group + 1) - first(group) + last(behind) - last(behind - 1)) / 2;
    spread(begin(group), begin(group + 1), change);
  }
  const { parts, bias } = sum ? sum.explain(rows, 0, one, other) : { parts: [], bias: 0 };
  for (const { first, end, weight } of parts) spread(first, end, weight);
  const rest = bias + oddsOf(1);
  const all = oddsOf(0) + bias + parts.reduce((sum, { weight }) => sum + weight, 0);
  return { one, other, logOdds: all, rest, weights, ngrams: parts.filter(({ first, end }) => end - first > 1) };
}

/** Returns `tokens` with unknown ones in place of those before `from` and from `to` on. */
function variantOf(tokens: ArrayLike<number>, from: number, to: number): Int32Array {
  return Int32Array.from(tokens, (token, at) => at >= from && at < to ? token : UNKNOWN);
}

/** Returns the keys of the unknown tokens of such a variant: none for those in place of others. */
function keysOf(tokens: ArrayLike<number>, unknown: TokenKeys | undefined, from: number, to: number): TokenKeys {
  const list = new TokenKeyList(false);
  let next = 0;
  for (let at = 0; at < tokens.length; at++) {
    const place = tokens[at] === UNKNOWN ? next++ : undefined;
    const isKept = at >= from && at < to;
    if (isKept && place === undefined) continue;
    if (!isKept || !unknown) list.add(NO_UNITS, -1, -1);
    else {
      const [begin, end] = [unknown.offsets[place!]!, unknown.offsets[place! + 1]!];
      list.addAll({ offsets: Uint32Array.of(0, end - begin), keys: unknown.keys.subarray(begin, end) });
    }
  }
  return list.keys();
}

const NO_UNITS = new Uint16Array(0);

function twoMostProbable(probabilities: Float32Array): readonly [number, number] {
  const one = mostProbable(probabilities);
  let other = one === 0 ? 1 : 0;
  for (let k = 0; k < probabilities.length; k++) {
    if (k !== one && probabilities[k]! > probabilities[other]!) other = k;
  }
  return [one, other];
}

/** Reasons with the numbers of the two classes. */
export interface NumberedReasons extends Omit<Reasons, "label" | "against"> {
  readonly one: number;
  readonly other: number;
}

/** N-grams that are listed. */
const MOST_NGRAMS = 20;

/** Explains an input that `read` reads; its last tokens are read if `isEnd`. See explainReading(). */
export function explainInput(
  predictor: SequencePredictor,
  read: Read,
  input: Input,
  isEnd: boolean,
): NumberedReasons {
  const strings: (string | undefined)[] = [];
  const { weights, ngrams, ...odds } = explainReading(predictor, read(input, strings));
  const places = typeof input === "string" ? placesOf(input, strings, isEnd) : [];
  const textOf = (first: number, end: number) => {
    const [begin, last] = [places[first], places[end - 1]];
    return typeof input === "string" && begin && last
      ? input.slice(begin.start, last.end)
      : strings.slice(first, end).join(" ");
  };
  return {
    ...odds,
    tokens: Array.from(weights, (weight, at) => ({ token: strings[at] ?? "", weight, ...places[at] })),
    ngrams: ngrams.toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight)).slice(0, MOST_NGRAMS)
      .map(({ first, end, weight }) => ({ text: textOf(first, end), weight })),
  };
}

/** Throws an InputError if a model of so many labels has no reasons; `text`: it was trained on files; `several`: a row may have several. */
export function checkExplainable(text: boolean, labels: number, several = false): void {
  if (!text) throw inputError("explain", "the model was not trained on files: only models of files can be explained");
  if (labels < 2 && !several) {
    throw inputError("explain", "the model has one label: expected another one to compare it with");
  }
}
