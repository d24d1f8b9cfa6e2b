/** Measures what a run that continues from another one has learnt from the new rows, and forgotten of the earlier ones. */
import type { Summary } from "../../base/events.ts";
import { rowsOf } from "../../data/batches/table.ts";
import { joinParts, translation } from "../../data/encode/join_parts.ts";
import { pickLabels, shareRight } from "../../data/several.ts";
import { hasLetters } from "../../data/tokenizers/tokenizer.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import { predictEncoded } from "../../predict/predict_encoded.ts";
import { readSummary } from "../log/summary.ts";
import type { RunData } from "./run_data.ts";

/**
 * Returns the accuracies on the new and on the earlier validation rows, before by the parent and after by `probabilities`,
 * `[rows, labels]`. The parent gets rows with new labels wrong. Returns undefined for a run without a parent.
 */
export async function beforeAndAfter(
  { data: { labels }, source: { parent, added, validation, preprocessing } }: RunData,
  probabilities: Float32Array,
  native: NativeLibrary | undefined,
): Promise<Summary["parent"]> {
  if (!parent) return undefined;
  const { table } = validation;
  const count = added?.validation ?? rowsOf(table);
  const rows = (from: number, to: number) => Uint32Array.from({ length: to - from }, (_, at) => from + at);
  const ofNew = rows(0, count);
  const ofOld = rows(count, rowsOf(table));
  const after = (some: Uint32Array) =>
    shareRight(pickLabels(table, some), probabilities.subarray((some[0] ?? 0) * labels.length), labels.length);
  const { model, known, directory, manifest } = parent;
  const before = async () => {
    const [own, its] = [preprocessing.vocabulary, known.preprocessing.vocabulary];
    const letters = hasLetters(preprocessing.tokenizer.kind);
    const part = joinParts([{ part: validation, rows: ofNew, translation: translation(own, its, letters) }], letters);
    return shareRight(part.table, await predictEncoded(model, part.table, native), known.labels.length);
  };
  const summary = await readSummary(directory).catch(() => null);
  const earlier = summary?.validation?.accuracy;
  return {
    run: manifest.id,
    ...count > 0 && { new: { rows: count, before: await before(), after: after(ofNew) } },
    ...ofOld.length > 0 && {
      old: { rows: ofOld.length, ...earlier !== undefined && { before: earlier }, after: after(ofOld) },
    },
  };
}
