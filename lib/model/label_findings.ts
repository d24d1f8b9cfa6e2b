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
  /** Its label; of several, all. */
  readonly label: string;
  /** Probability of the label; of several, that the least certain one is right, where one that it lacks counts as well. */
  readonly probability: number;
  /** The most probable class; of several, its labels with those changed that are probably wrong or missing. */
  readonly likely: string;
  /** Probability of that class; of several, that the least certain label is wrong. */
  readonly likelyProbability: number;
  /** The labels as a list, where a row may have several. */
  readonly labels?: readonly string[];
  /** The likely ones as a list. */
  readonly likelyLabels?: readonly string[];
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
  /** The share of the rows that models without them predict right; of several labels, the most probable one (P@1). */
  readonly accuracy: number;
  /** F1 of all labels of all rows together, where a row may have several. */
  readonly microF1?: number;
  /** Mean F1 of the classes. */
  readonly macroF1: number;
  /** The accuracy of each fold, or its micro-F1 where there is one. */
  readonly folds: readonly number[];
  /** Standard deviation of these. */
  readonly spread: number;
  /** Rows whose label is probably wrong: their number, and the 20 most suspected ones. */
  readonly suspects: { readonly rows: number; readonly examples: readonly RowFindings[] };
  /** Rows that are almost equal to one with another label, and the most similar pairs. */
  readonly nearDuplicates: { readonly rows: number; readonly examples: readonly RowFindings[] };
  /** Pairs of classes that are mixed up, the worst first; of several labels, one that is missed where the other is wrongly given. */
  readonly confused: readonly { readonly label: string; readonly given: string; readonly rows: number }[];
  /** Classes that need rows, those with fewest first. F1 is null where no model could learn the class. */
  readonly thin: readonly { readonly label: string; readonly rows: number; readonly f1: number | null }[];
  /** All rows, in their order. */
  readonly findings: readonly RowFindings[];
}
