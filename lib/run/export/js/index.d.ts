/** A class and its probability. */
export interface RankedLabel {
  readonly label: string;
  readonly probability: number;
}

/** The answer to one input. */
export interface Prediction {
  /** Position in the labels; null if the model is not sure enough. */
  readonly class: number | null;
  readonly label: string | null;
  /** The most probable class of an input without a label. */
  readonly rejected?: {
    readonly class: number;
    readonly label: string;
    readonly probability: number;
    readonly threshold: number;
  };
  /** The probability of the most probable class. */
  readonly probability: number;
  /** One a class, in the order of the labels; sums to 1. Empty if the options leave it out. */
  readonly probabilities: readonly number[];
  /** The most probable classes, the most probable first: as many as `top` asks for. */
  readonly top?: readonly RankedLabel[];
  /** Share of the tokens that the model does not know. */
  readonly unknownShare?: number;
  /** True if some tokens were cut off. */
  readonly truncated?: boolean;
}

export interface PredictOptions {
  /** How many of the most probable classes to list in `top`. */
  readonly top?: number | undefined;
  /** False leaves `probabilities` empty, which saves memory for models of thousands of labels. Default: true. */
  readonly probabilities?: boolean | undefined;
  /** The precision that answers should have: less sure inputs get no label. 0 answers all; default: the model's own. */
  readonly reject?: number | undefined;
}

/** A text, or a list of tokens: by their names if the model was trained on texts, otherwise by their ids. */
export type Input = string | readonly (string | number)[];

/** A trained model. */
export class Model {
  private constructor();
  /** The run that the model comes from. */
  readonly run: string;
  /** SHA-256 of the state that its weights are part of. */
  readonly digest: string;
  /** The names of its classes. */
  readonly labels: readonly string[];
  /** True if it takes texts, and tokens by their names; otherwise tokens are ids. */
  readonly text: boolean;
  /** Throws an InputError for another input, and if the model does not reach the precision `reject`. */
  predict(input: Input, options?: PredictOptions): Prediction;
  /** Predicts several inputs in batches, which takes a fraction of the time. Throws as `predict` does. */
  predictMany(inputs: Iterable<Input>, options?: PredictOptions): Prediction[];
  /** Frees the memory of the model, which cannot predict any more. */
  close(): void;
}

/** Reports an input that the model does not take. */
export class InputError extends Error {
  private constructor();
  readonly name: "InputError";
  readonly problems: readonly { readonly field: string; readonly message: string }[];
}

export interface LoadOptions {
  /**
   * The compiled `forward.wasm` and `forward_products.wasm`, for runtimes that compile no bytes and import modules instead,
   * such as Cloudflare's workers. Default: they are compiled here.
   */
  readonly kernels?: { readonly forward: object; readonly products: object } | undefined;
}

/**
 * Loads the model beside this module, or one from an address, a path, an answer of `fetch()` or bytes. Throws an Error if
 * it cannot be read, and a RangeError if it is damaged.
 */
export function load(
  source?: string | URL | Response | ArrayBuffer | Uint8Array,
  options?: LoadOptions,
): Promise<Model>;
