/** Evaluates labels by the probabilities of models that were not fitted to the rows. */
import { inTurns } from "../../base/turns.ts";
import type { RowLabels } from "../../data/batches/table.ts";
import { f1Of, macroF1 } from "../../data/class_counts.ts";
import { countSeveral, labelledRows, labelsAt, pickLabels, shareRight } from "../../data/several.ts";
import { evaluatePredictions, type Evaluation } from "../../model/evaluation.ts";
import type { CrossValidation } from "../../model/label_findings.ts";
import { findLabelErrors, findSeveralErrors, type LabelErrors } from "../../model/label_errors.ts";
import { Mixups } from "../../model/mixups.ts";
import { chooseThresholds, labelsAbove } from "../../model/thresholds.ts";

/** The rows, and what models of other folds say about them. */
interface UnseenRows {
  readonly names: readonly string[];
  readonly labelled: RowLabels;
  /** `[rows, names]` */
  readonly probabilities: Float32Array;
  readonly foldOf: Uint8Array;
  readonly folds: number;
  readonly isKnown: (label: number) => boolean;
}

interface LabelsEvaluation
  extends
    Pick<CrossValidation, "accuracy" | "macroF1" | "microF1" | "folds">,
    Pick<LabelErrors, "ofLabel" | "suspects"> {
  readonly mixups: NonNullable<Evaluation["mixups"]>;
  readonly classes: readonly Pick<Evaluation["classes"][number], "label" | "support" | "f1">[];
  /** Returns the labels that a row probably has, and the probability that they are right. */
  readonly likelyOf: (row: number) => { readonly labels: readonly number[]; readonly probability: number };
}

/** Evaluates rows with one label each. */
export function evaluateLabels(
  { names, labelled: { labels }, probabilities, foldOf, folds, isKnown }: UnseenRows,
): LabelsEvaluation {
  const { ofLabel, suspects, likely } = findLabelErrors(labels, probabilities, names.length, isKnown);
  const { accuracy, macroF1, mixups = [], classes } = evaluatePredictions(names, labels, probabilities);
  const [rows, right] = [new Uint32Array(folds), new Uint32Array(folds)];
  for (const [row, fold] of foldOf.entries()) {
    rows[fold]!++;
    if (likely[row] === labels[row]) right[fold]!++;
  }
  return {
    accuracy,
    macroF1,
    folds: Array.from(rows, (count, fold) => count === 0 ? 0 : right[fold]! / count),
    ofLabel,
    suspects,
    mixups,
    classes,
    likelyOf: (row) => ({ labels: [likely[row]!], probability: probabilities[row * names.length + likely[row]!]! }),
  };
}

/** Evaluates rows that may have several labels. The thresholds for the rows of a fold are chosen by those of the other folds. */
export async function evaluateSeveralLabels(
  { names, labelled, probabilities, foldOf, folds, isKnown }: UnseenRows,
): Promise<LabelsEvaluation> {
  const [count, width] = [labelledRows(labelled), names.length];
  const { ofLabel, suspects, wrong } = await inTurns(findSeveralErrors(labelled, probabilities, width, isKnown));
  const all = Uint32Array.from(foldOf.keys());
  const pick = (rows: Uint32Array) => {
    const own = new Float32Array(rows.length * width);
    rows.forEach((row, at) => own.set(probabilities.subarray(row * width, (row + 1) * width), at * width));
    return [pickLabels(labelled, rows), own, width] as const;
  };
  const thresholds = Array.from(
    { length: folds },
    (_, fold) => chooseThresholds(...pick(all.filter((row) => foldOf[row] !== fold))).thresholds,
  );
  const ofFolds = thresholds.map((own, fold) =>
    microF1(countSeveral(...pick(all.filter((row) => foldOf[row] === fold)), (label) => own[label]!))
  );
  const counts = countSeveral(labelled, probabilities, width, (label, row) => thresholds[foldOf[row]!]![label]!);
  const mixups = new Mixups(width);
  for (let row = 0; row < count; row++) {
    const own = labelsAt(labelled, row);
    const given = labelsAbove(probabilities.subarray(row * width, (row + 1) * width), thresholds[foldOf[row]!]!);
    const surplus = given.filter((label) => !own.includes(label));
    for (const label of own) if (!given.includes(label)) { for (const other of surplus) mixups.add(label, other); }
  }
  const f1s = f1Of(counts);
  return {
    accuracy: shareRight(labelled, probabilities, width),
    macroF1: macroF1(counts),
    microF1: microF1(counts),
    folds: ofFolds,
    ofLabel,
    suspects,
    mixups: mixups.worst(),
    classes: names.map((label, k) => ({ label, support: counts.support[k]!, f1: f1s[k]! })),
    likelyOf(row) {
      const own = [...labelsAt(labelled, row)];
      const changed = wrong.get(row) ?? [];
      const labels = [...own.filter((label) => !changed.includes(label)), ...changed.filter((k) => !own.includes(k))];
      return { labels: labels.sort((a, b) => a - b), probability: 1 - ofLabel[row]! };
    },
  };
}

function microF1({ support, given, right }: ReturnType<typeof countSeveral>): number {
  const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
  const all = sum(support) + sum(given);
  return all === 0 ? 0 : 2 * sum(right) / all;
}
