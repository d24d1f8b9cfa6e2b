/** Measures a model whose rows may have several labels, on rows whose labels are known. */
import { type RowLabels, rowsWithLabels } from "../data/batches/table.ts";
import { f1Of, macroF1 } from "../data/class_counts.ts";
import { countSeveral, labelledRows, labelsAt, severalLoss, shareRight } from "../data/several.ts";
import { CalibrationBins, classMetrics, type Evaluation } from "./evaluation.ts";
import { labelsAbove } from "./thresholds.ts";

/** The numbers of most probable labels for which precision and recall are reported. */
const RANKS = [1, 3, 5];

/** A row that was given other labels than it has. */
interface WrongLabels {
  readonly row: number;
  readonly own: readonly number[];
  readonly given: readonly number[];
  /** Probability of a wrong label, or one less that of a missing one: the greatest of all. */
  readonly confidence: number;
}

/** Computes the metrics of labelled rows: `probabilities` is `[rows, names]`, and `thresholds` are those of the labels. */
export function evaluateSeveral(
  names: readonly string[],
  labelled: RowLabels,
  probabilities: Float32Array,
  thresholds: readonly number[],
): Omit<Evaluation, "mistakes"> {
  const [rows, width] = [labelledRows(labelled), names.length];
  const counts = countSeveral(labelled, probabilities, width, (label) => thresholds[label]!);
  const bins = new CalibrationBins();
  const hits = RANKS.map(() => 0);
  let [loss, exact] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const [own, first] = [labelsAt(labelled, row), row * width];
    const ofRow = probabilities.subarray(first, first + width);
    loss += severalLoss(own, probabilities, first, width);
    ofRow.forEach((probability, k) => bins.add(probability, own.includes(k)));
    const given = labelsAbove(ofRow, thresholds);
    if (!labelled.unseen?.[row] && given.length === own.length && given.every((label) => own.includes(label))) exact++;
    for (const label of own) {
      const rank = rankOf(label, ofRow);
      RANKS.forEach((most, i) => hits[i]! += rank < most ? 1 : 0);
    }
  }
  const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
  const unseen = sum(labelled.unseen ?? []);
  const [support, given, right] = [sum(counts.support) + unseen, sum(counts.given), sum(counts.right)];
  const share = (part: number, whole: number) => whole === 0 ? 0 : part / whole;
  const f1s = f1Of(counts);
  const labelledOnes = rowsWithLabels(labelled);
  return {
    rows,
    loss: loss / rows,
    accuracy: shareRight(labelled, probabilities, width),
    macroF1: macroF1(counts),
    calibrationError: bins.results().calibrationError,
    several: {
      microF1: share(2 * right, support + given),
      precision: share(right, given),
      recall: share(right, support),
      exact: exact / rows,
      labels: support / rows,
      labelled: labelledOnes,
      ...unseen > 0 && { unseen },
      at: RANKS.filter((rank) => rank <= width).map((rank, i) => ({
        rank,
        precision: share(hits[i]!, rank * labelledOnes),
        recall: share(hits[i]!, support),
      })),
    },
    classes: names.map((label, k) => ({
      ...classMetrics(label, counts.support[k]!, counts.given[k]!, counts.right[k]!, f1s[k]!),
      threshold: thresholds[k]!,
    })),
  };
}

/** Returns how many labels are more probable than `label`; of equal ones the lowest is. */
function rankOf(label: number, probabilities: Float32Array): number {
  const own = probabilities[label]!;
  return probabilities.reduce((rank, other, k) => rank + (other > own || other === own && k < label ? 1 : 0), 0);
}

/** Returns the rows with the most confident wrong or missing labels, at most `count`, the worst first. */
export function worstLabels(
  labelled: RowLabels,
  probabilities: Float32Array,
  thresholds: readonly number[],
  count: number,
): WrongLabels[] {
  const width = thresholds.length;
  const found = Array.from({ length: labelledRows(labelled) }, (_, row): WrongLabels[] => {
    const own = [...labelsAt(labelled, row)];
    const ofRow = probabilities.subarray(row * width, (row + 1) * width);
    const given = labelsAbove(ofRow, thresholds);
    const wrong = given.filter((label) => !own.includes(label)).map((label) => ofRow[label]!);
    const missing = own.filter((label) => !given.includes(label)).map((label) => 1 - ofRow[label]!);
    const confidence = Math.max(...wrong, ...missing);
    return confidence > 0 ? [{ row, own, given, confidence }] : [];
  });
  return found.flat().sort((a, b) => b.confidence - a.confidence || a.row - b.row).slice(0, count);
}
