/** Types of inputs and answers, for programs. Both libraries export them, as does the module of `export --to js`. */

/**
 * An input of a model: a text, the tokens that it was cut into, or the fields of a model of several columns.
 *
 * @example
 * ```ts
 * import type { Input } from "lockstep";
 *
 * const inputs: Input[] = ["where is my parcel?", ["where", "is", "my", "parcel"], { subject: "parcel", amount: 9.5 }];
 * console.log(inputs.length);
 * ```
 */
export type Input =
  | string
  | readonly (string | number)[]
  | Readonly<Record<string, string | number | boolean | null>>;

/**
 * The answer to an input.
 *
 * @example
 * ```ts
 * import { load, type Prediction } from "lockstep";
 *
 * const model = await load("runs/latest");
 * const answer: Prediction = await model.predict("where is my parcel?");
 * console.log(answer.label ?? "rejected", answer.probability, answer.unknownShare);
 * ```
 */
export interface Prediction {
  /** Position in the model's labels; null for a rejected input, and for a model whose rows may have several labels. */
  readonly class: number | null;
  /** Null where `class` is null. */
  readonly label: string | null;
  /** The labels of a model whose rows may have several: those above their thresholds, the most probable first; may be empty. */
  readonly labels?: readonly { readonly label: string; readonly probability: number }[];
  /** Probability of the most probable class. */
  readonly probability: number;
  /** The most probable class of a rejected input, whose probability is below the threshold. */
  readonly rejected?: {
    readonly class: number;
    readonly label: string;
    readonly probability: number;
    readonly threshold: number;
  };
  /** One a class, in the order of the model's labels; sums to 1, unless rows may have several. Empty if the options leave it out. */
  readonly probabilities: readonly number[];
  /** The most probable classes, the most probable first: as many as `top` asks for. */
  readonly top?: readonly { readonly label: string; readonly probability: number }[];
  /** Share of the tokens that the model does not know. */
  readonly unknownShare?: number;
  /** True if some tokens were cut off. */
  readonly truncated?: boolean;
}

/**
 * Options of predictions.
 *
 * @example
 * ```ts
 * import { load, type PredictOptions } from "lockstep";
 *
 * const careful: PredictOptions = { reject: 0.9, top: 2 };
 * const model = await load("runs/latest");
 * console.log(await model.predict("where is my parcel?", careful));
 * ```
 */
export interface PredictOptions {
  /** How many of the most probable classes to list in `top`. */
  readonly top?: number | undefined;
  /** False leaves `probabilities` empty, which saves memory for models of thousands of labels. Default: true. */
  readonly probabilities?: boolean | undefined;
  /** Share of the answers that must be right: less confident inputs get no label. 0 answers all. Default: that of the model. */
  readonly reject?: number | undefined;
}

/**
 * Why a text has a label rather than another one. The weights of its tokens and `rest` add up to `logOdds`.
 *
 * @example
 * ```ts
 * import { load, type Reasons } from "lockstep";
 *
 * const model = await load("runs/latest");
 * const { reasons } = await model.explain("where is my parcel?");
 * const { label, against, tokens }: Reasons = reasons;
 * console.log(label, against, tokens.toSorted((a, b) => b.weight - a.weight)[0]?.token);
 * ```
 */
export interface Reasons {
  /** The most probable label. */
  readonly label: string;
  /** The second most probable label; null where rows may have several, as `label` is then compared with its absence. */
  readonly against: string | null;
  /** The logarithm of the probability of `label` divided by that of `against`. */
  readonly logOdds: number;
  /** Counts what the model says without a token. */
  readonly rest: number;
  /** The tokens in their order, each with what it adds to `logOdds`, and where it stands in the text, if it is found there. */
  readonly tokens: readonly {
    readonly token: string;
    readonly weight: number;
    readonly start?: number;
    readonly end?: number;
  }[];
  /** N-grams of several tokens with what they add, the most important first. The weights of their tokens have it already. */
  readonly ngrams: readonly { readonly text: string; readonly weight: number }[];
}
