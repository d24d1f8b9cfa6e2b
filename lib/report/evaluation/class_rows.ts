/** Joins what is known of each class: its rows, and how well the model recognizes it. */
import { worstFirst } from "../outcome.ts";

export interface ClassRow {
  readonly label: string;
  readonly training?: number | undefined;
  readonly support: number;
  /** Undefined before an evaluation, and for a class without rows. */
  readonly precision?: number | undefined;
  readonly recall?: number | undefined;
  readonly f1?: number | undefined;
}

interface Evaluated {
  readonly label: string;
  readonly support: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

interface Counted {
  readonly label: string;
  readonly training: number;
  readonly validation: number;
  readonly test: number;
}

/** Lists the classes, those of the lowest F1 first, or of the fewest training rows before an evaluation. */
export function classRows(
  evaluated: readonly Evaluated[] | undefined,
  counts: readonly Counted[] = [],
  role: "validation" | "test",
): ClassRow[] {
  if (!evaluated) {
    return counts.map((one) => ({ label: one.label, training: one.training, support: one[role] }))
      .sort((a, b) => a.training - b.training);
  }
  const training = new Map(counts.map((one) => [one.label, one.training]));
  return worstFirst(evaluated).map(({ label, support, ...metrics }) => (
    { label, support, training: training.get(label), ...support > 0 && metrics }
  ));
}
