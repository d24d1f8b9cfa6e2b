/** Reads rows for the evaluation of a finished model, and encodes them by its saved preprocessing. */
import type { DataOptions } from "../config/data_shape.ts";
import { readingOf } from "../formats/columns.ts";
import type { ReadOptions } from "../formats/read_options.ts";
import { nearest } from "../base/nearest.ts";
import { shortJson } from "../base/printable.ts";
import { inputError } from "../base/errors.ts";
import type { LoadedPart } from "./encode/assemble.ts";
import { quotedSource } from "../formats/bytes.ts";
import { inputOf, isProblem, labelsOf, type Row } from "../formats/entry.ts";
import { readRows, type SourceInfo } from "../formats/rows.ts";
import type { EncodedText } from "./encode/text_encoder.ts";
import type { Preprocessing } from "./encode/preprocessing.ts";
import { ProblemLog, WarningLog } from "./findings/problems.ts";
import { KeptTexts } from "./row_texts.ts";
import { TableBuilder, withUnseen } from "./encode/table_builder.ts";

export interface EvaluationRows extends LoadedPart {
  /** Number of bad rows, which were skipped. */
  readonly skipped: number;
  /** `[rows]`: the keys of the rows. */
  readonly keys: Float64Array;
  /** Possible mistakes in the rows. */
  readonly warnings: readonly string[];
  /** The sources that were read. */
  readonly sources: readonly SourceInfo[];
}

/**
 * Reads `sources`. Throws an InputError with file and line if a row is bad, or has a label that is not in `labels`, unless
 * bad rows are skipped; and if no row is left. Labels of unlabelled rows mean nothing.
 */
export async function readEvaluationRows(
  sources: readonly string[],
  options: ReadOptions & Pick<DataOptions, "onBadRow">,
  { preprocessing, labels }: { readonly preprocessing: Preprocessing; readonly labels: readonly string[] },
  input?: AsyncIterable<Uint8Array>,
): Promise<EvaluationRows> {
  const classes = new Map(labels.map((label, index) => [label, index]));
  const problems = new ProblemLog();
  const rows: (EncodedText & Pick<Row, "file" | "line"> & { readonly labels: number[]; readonly key: number })[] = [];
  const read: SourceInfo[] = [];
  const texts = new KeptTexts();
  const warnings = new WarningLog();
  /** Row → number of its labels that no training row had, where it may have several. */
  const unseen = new Map<number, number>();
  let warning: string | undefined;
  const reading = {
    ...options,
    ...readingOf(preprocessing.columns),
    rules: preprocessing.rules,
    warn: warnings.add.bind(warnings),
  };
  for await (const entry of readRows(sources, reading, input, (info) => read.push(info))) {
    if (isProblem(entry)) {
      problems.add(entry);
      continue;
    }
    const { file, line } = entry;
    const names = options.unlabelled ? [] : labelsOf(entry);
    const own = options.unlabelled ? [0] : names.flatMap((name) => classes.get(name) ?? []);
    const wrong = names.find((name) => !classes.has(name));
    const row = inputOf(entry);
    if (wrong !== undefined && !entry.labels) problems.add({ file, line, problem: unknownLabel(wrong, labels) });
    else {
      if (wrong !== undefined) {
        unseen.set(rows.length, names.length - own.length);
        warning ??= `has the label ${shortJson(wrong)}, which no training row had: it counts as missed`;
        warnings.add({ file, line, warning });
      }
      rows.push({ file, line, labels: own, key: preprocessing.keyOf(row), ...preprocessing.encode(row) });
      texts.add(entry);
    }
  }
  if (problems.count > 0 && options.onBadRow === "stop") throw problems.error();
  if (rows.length === 0) {
    const message = `Cannot evaluate on ${sources.map(quotedSource).join(", ")}: there are no rows`;
    throw inputError("data", message);
  }
  const tokens = rows.reduce((sum, row) => sum + row.tokens.length, 0);
  const count = options.labels === "many" && !options.unlabelled ? "many" : "one";
  const ofRows = rows.reduce((sum, row) => sum + row.labels.length, 0);
  const sizes = { rows: rows.length, tokens, labels: count === "many" ? ofRows : rows.length };
  const { vocabulary, hasLetters } = preprocessing;
  const builder = new TableBuilder(sizes, count, vocabulary, sources, hasLetters, texts);
  for (const row of rows) {
    builder.begin(row.labels, sources.indexOf(row.file), row.line);
    for (const token of row.tokens) builder.push(token);
    builder.unknown.addAll(row.unknown);
  }
  const unknown = builder.unknown.size;
  const truncated = rows.filter((row) => row.truncated).length;
  const statistics = { rows: rows.length, tokens, unknown, truncated, empty: 0 };
  const keys = Float64Array.from(rows, ({ key }) => key);
  return {
    table: withUnseen(builder.finish(), unseen),
    places: builder.places,
    statistics,
    keys,
    skipped: problems.count,
    warnings: warnings.messages,
    sources: read,
  };
}

function unknownLabel(label: string, labels: readonly string[]): string {
  const guess = nearest(label, labels);
  const hint = guess === undefined ? `expected one of ${labels.slice(0, 10).join(", ")}` : `did you mean "${guess}"?`;
  return `has the label ${shortJson(label)}, which no training row had: ${hint}`;
}
