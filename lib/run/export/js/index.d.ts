import type { Input, Prediction, PredictOptions, Reasons } from "../../../standalone/answer_types.ts";

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
  /** Answers one input, with what each of its tokens adds to the answer. Throws as `predict` does. */
  explain(input: Input, options?: PredictOptions): Prediction & { readonly reasons: Reasons };
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
