/**
 * Measures a model on a stream: each row is predicted before it is learnt from. Both measures are a few numbers however
 * long the stream is, and depend only on the order of the rows.
 */
import { z } from "zod";

/** The memory of the accuracy: a row counts half as much as one that came 350 rows later. */
const FADING = 0.998;

/** Changes that are smaller than this share of the rows are no drift. */
const TOLERANCE = 0.02;

/** The sum of deviations from which on there is a drift: about 170 rows after 30% more of them are wrong. */
const THRESHOLD = 50;

/** A drift is found after as many rows at the earliest. */
const FEWEST = 30;

const state = {
  /** Rows so far, and the sums of the faded accuracy. */
  rows: z.int().nonnegative(),
  right: z.number().nonnegative(),
  weight: z.number().nonnegative(),
  /** The test for a drift has rows since the last one, the mean of their errors, a sum of deviations, and its minimum. */
  since: z.int().nonnegative(),
  mean: z.number(),
  sum: z.number(),
  least: z.number(),
};
export const measuresSchema = z.strictObject(state);
export type Measures = z.infer<typeof measuresSchema>;

export const NOTHING_MEASURED: Measures = { rows: 0, right: 0, weight: 0, since: 0, mean: 0, sum: 0, least: 0 };

/**
 * Returns the measures after one more row, and whether it shows a drift.
 *
 * The accuracy fades exponentially (Gama, Sebastião and Rodrigues, "On evaluating stream learning algorithms", Machine
 * Learning 90, 2013, section 4.2). The drift is found by the test of Page (1954) and Hinkley, as in Gama, Žliobaitė, Bifet,
 * Pechenizkiy and Bouchachia, "A survey on concept drift adaptation", ACM Computing Surveys 46, 2014, section 3.2.2: it sums
 * by how much each error exceeds the mean error, less a tolerance, and compares the sum with its minimum. It then begins anew.
 */
export function measured(before: Measures, isRight: boolean): { readonly after: Measures; readonly isDrift: boolean } {
  const error = isRight ? 0 : 1;
  const since = before.since + 1;
  const mean = before.mean + (error - before.mean) / since;
  const sum = before.sum + error - mean - TOLERANCE;
  const least = Math.min(before.least, sum);
  const isDrift = since >= FEWEST && sum - least > THRESHOLD;
  return {
    after: {
      rows: before.rows + 1,
      right: 1 - error + FADING * before.right,
      weight: 1 + FADING * before.weight,
      ...isDrift ? { since: 0, mean: 0, sum: 0, least: 0 } : { since, mean, sum, least },
    },
    isDrift,
  };
}

/** Returns the accuracy, or undefined before the first row. */
export function accuracyOf({ right, weight }: Measures): number | undefined {
  return weight === 0 ? undefined : right / weight;
}
