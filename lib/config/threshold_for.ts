/** Matches the values of the option `thresholdFor`. */
export const THRESHOLD_FOR = /^(?:f1|precision=0?\.\d+)$/;

/** Returns the precision that a value of `thresholdFor` wants; undefined for the highest F1. */
export function wantedPrecision(thresholdFor: string): number | undefined {
  return thresholdFor === "f1" ? undefined : Number(thresholdFor.slice("precision=".length));
}
