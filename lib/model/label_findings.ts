/** Types of what cross-validation finds, for reports and for programs. */

/**
 * A row, as models that were not fitted to it see it.
 *
 * @example
 * ```ts
 * import { crossValidate, type RowFindings } from "lockstep";
 *
 * const { findings } = await crossValidate({ data: "tickets.csv" });
 * const wrong: RowFindings[] = findings.filter(({ isSuspect }) => isSuspect);
 * for (const { place, label, likely } of wrong.slice(0, 3)) console.log(`${place}: ${label}, probably ${likely}`);
 * ```
 */
export interface RowFindings {
  /** The place where it was read: `tickets.csv:18`, or `data[17]`. */
  readonly place: string;
  /** Its label. */
  readonly label: string;
  /** Probability of the label. */
  readonly probability: number;
  /** The most probable class. */
  readonly likely: string;
  /** Probability of that class. */
  readonly likelyProbability: number;
  /** Tells whether the label is probably wrong. */
  readonly isSuspect: boolean;
  /** The most similar row with another label, and the share of both that is equal: 1 if all is. Absent without one. */
  readonly near?: { readonly place: string; readonly label: string; readonly share: number };
  /** The text, of rows that are listed. */
  readonly text?: string;
}

/**
 * Describes labelled rows by models that were not fitted to them.
 *
 * @example
 * ```ts
 * import { crossValidate, type CrossValidation } from "lockstep";
 *
 * const { accuracy, spread, suspects, confused }: CrossValidation = await crossValidate({ data: "tickets.csv" });
 * console.log(accuracy, spread, suspects.rows, confused[0]);
 * ```
 */
export interface CrossValidation {
  /** Number of rows. */
  readonly rows: number;
  /** The share of the rows that models without them predict right. */
  readonly accuracy: number;
  /** Mean F1 of the classes. */
  readonly macroF1: number;
  /** The accuracy of each fold. */
  readonly folds: readonly number[];
  /** Standard deviation of the accuracies of the folds. */
  readonly spread: number;
  /** Rows whose label is probably wrong: their number, and the 20 most suspected ones. */
  readonly suspects: { readonly rows: number; readonly examples: readonly RowFindings[] };
  /** Rows that are almost equal to one with another label, and the most similar pairs. */
  readonly nearDuplicates: { readonly rows: number; readonly examples: readonly RowFindings[] };
  /** Pairs of classes that are mixed up, the worst first. */
  readonly confused: readonly { readonly label: string; readonly given: string; readonly rows: number }[];
  /** Classes that need rows, those with fewest first. F1 is null where no model could learn the class. */
  readonly thin: readonly { readonly label: string; readonly rows: number; readonly f1: number | null }[];
  /** All rows, in their order. */
  readonly findings: readonly RowFindings[];
}
