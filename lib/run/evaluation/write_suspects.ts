/** Writes the rows of a file again, with what cross-validation found about each of them in more columns. */
import { inputError } from "../../base/errors.ts";
import { quotedSource } from "../../formats/bytes.ts";
import { isProblem } from "../../formats/entry.ts";
import { rowPlace } from "../../data/row_texts.ts";
import type { ReadOptions } from "../../formats/read_options.ts";
import { openRows, type SourceInfo } from "../../formats/rows.ts";
import type { Examined } from "./examine_labels.ts";

const COLUMNS = ["suspicion", "likely_label", "likely_probability", "near_duplicate"] as const;

/**
 * Reads `source` again as `options` say, and passes its rows to `write` in pieces of text, with more columns: the suspicion (1
 * less the probability of the label), the likely label and its probability where the label is probably wrong, and the place of
 * an almost equal row with another label. Bad rows have none of them. Throws an InputError if the file has changed.
 */
export async function writeSuspects(
  source: SourceInfo,
  options: ReadOptions,
  findingsOf: Examined["findingsOf"],
  write: (text: string) => Promise<void>,
): Promise<void> {
  const { warn: _, ...silent } = options;
  const reader = await openRows(source.name, { ...silent, originals: true });
  const writer = reader.writer(COLUMNS.map((name) => (
    { name, isLabel: name === "likely_label", separator: options.labelSeparator }
  )));
  await write(writer.head);
  let row = 0;
  const nothing = COLUMNS.map(() => null);
  for await (const batch of reader.batches()) {
    const lines = batch.map((entry) => {
      const { place, probability, likely, likelyLabels = likely, likelyProbability, isSuspect, near } = findingsOf(row);
      if (isProblem(entry) || place !== rowPlace(entry)) return writer.row(entry, nothing);
      row++;
      return writer.row(entry, [
        rounded(1 - probability),
        isSuspect ? likelyLabels : null,
        isSuspect ? rounded(likelyProbability) : null,
        near?.place ?? null,
      ]);
    });
    await write(lines.join(""));
  }
  if (reader.info().sha256 === source.sha256) return;
  throw inputError("data", `${quotedSource(source.name)} changed while it was read: nothing was written`);
}

/** Probabilities are float32: more digits say nothing. */
function rounded(probability: number): number {
  return Number(probability.toFixed(6));
}
