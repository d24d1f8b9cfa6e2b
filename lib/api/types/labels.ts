/** Types of cross-validation, which finds labels that are probably wrong. */
import type { ModelOptions } from "./options.gen.ts";
import type { Rows } from "./rows.ts";

/**
 * Options of a cross-validation: its rows, those of a training that say how rows are read, and the seed.
 *
 * @example
 * ```ts
 * import { crossValidate, type CrossValidateOptions } from "lockstep";
 *
 * const options: CrossValidateOptions = { data: "tickets.csv", folds: 3, labelColumn: "label" };
 * console.log((await crossValidate(options)).accuracy);
 * ```
 */
export interface CrossValidateOptions extends ModelOptions {
  /** Rows to examine. */
  readonly data: Rows;
  /** Parts of the rows, each predicted by n-grams of the others, from 2 to 20; default: 5. */
  readonly folds?: number | undefined;
  /** Called a few times a second with the share of the work that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /** Ends the work, which rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
