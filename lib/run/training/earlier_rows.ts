/** Adds rows of the run that a new run continues from to the new rows: validation rows, and a share of the training rows. */
import { counted } from "../../base/counted.ts";
import { InputError, inputError } from "../../base/errors.ts";
import { type EncodedTable, rowsOf } from "../../data/batches/table.ts";
import type { LoadedPart } from "../../data/encode/assemble.ts";
import { joinParts, translation } from "../../data/encode/join_parts.ts";
import { replayedRows, strataOf } from "../../data/encode/split.ts";
import { classCounts } from "../../data/load/load.ts";
import type { LoadedData } from "../../data/load/loaded_data.ts";
import { Duplicates } from "../../data/findings/duplicates.ts";
import { dataStatisticsSchema } from "../../data/statistics.ts";
import { hasLetters } from "../../data/tokenizers/tokenizer.ts";
import { UNKNOWN } from "../../data/vocabulary/vocabulary.ts";
import { join } from "node:path";
import { readJson } from "../files/files.ts";
import type { Parent } from "./parent.ts";
import type { RunData } from "./run_data.ts";

/** New rows together with earlier ones. */
interface Joined extends LoadedData {
  /** The training rows with all those of the earlier runs. */
  readonly all: EncodedTable;
  /** The number of the rows that are new; they come first. */
  readonly added: { readonly training: number; readonly validation: number };
}

/** Returns the rows of `own` followed by those of `parent`: all of its validation rows, and the `share` of its training rows. */
export function withEarlierRows(
  own: LoadedData,
  { data, source }: RunData,
  { share, seed }: { readonly share: number; readonly seed: number },
): Joined {
  const { preprocessing: { vocabulary, tokenizer }, statistics, labels } = own;
  const letters = hasLetters(tokenizer.kind);
  const same = translation(vocabulary, vocabulary, letters);
  const other = translation(source.preprocessing.vocabulary, vocabulary, letters);
  const { table } = source.training;
  const count = table.labelOffsets ? "many" : "one";
  const classes = data.labels.length;
  const drawn = replayedRows(strataOf({ ...table, count }, classes), classes + 1, share, seed);
  const rows = Uint32Array.from({ length: rowsOf(table) }, (_, row) => row).filter((row) => drawn[row] === 1);
  const joined = (part: LoadedPart | undefined, earlier: LoadedPart, rows?: Uint32Array) =>
    joinParts(
      [...part ? [{ part, translation: same }] : [], { part: earlier, translation: other, ...rows && { rows } }],
      letters,
    );
  const training = joined(own.training, source.training, rows);
  const validation = joined(own.validation, source.validation);
  const counts = [training, validation].map((part) => classCounts(part, labels.length));
  const all = joined(own.training, source.training).table;
  const added = {
    training: rowsOf(own.training.table),
    validation: own.validation ? rowsOf(own.validation.table) : 0,
  };
  return {
    ...own,
    training,
    validation,
    keys: own.keys && source.keys && Float64Array.from([...own.keys, ...source.keys]).sort(),
    statistics: {
      ...statistics,
      classes: statistics.classes.map((one, at) => ({
        ...one,
        training: counts[0]![at]!,
        validation: counts[1]![at]!,
      })),
      parts: { ...statistics.parts, training: training.statistics, validation: validation.statistics },
      warnings: [...statistics.warnings, ...leaks(all, validation.table, added)],
    },
    all,
    added,
  };
}

/** Returns warnings about validation rows of one run with the tokens of a training row of the other. New rows come first. */
function leaks(training: EncodedTable, validation: EncodedTable, added: Joined["added"]): string[] {
  const trained = new Duplicates();
  eachRow(training, (row, ids) => void trained.add(ids, ids.length, row, 0));
  let [old, fresh] = [0, 0];
  eachRow(validation, (row, ids) => {
    const found = trained.find(ids, ids.length);
    if (!found) return;
    if (row >= added.validation) old += found.first < added.training ? 1 : 0;
    else fresh += found.first >= added.training ? 1 : 0;
  });
  trained.clear();
  const ofOld = counted(old, "old validation row has", "old validation rows have");
  const ofNew = counted(fresh, "new validation row has", "new validation rows have");
  return [
    ...old > 0 ? [`${ofOld} the same tokens as a new training row, so the accuracy says too much`] : [],
    ...fresh > 0 ? [`${ofNew} the same tokens as an old training row, so the accuracy says too much`] : [],
  ];
}

/** Calls `use` with the tokens of each row, unless they have no spelling: their ids, or the keys of those that are unknown. */
function eachRow({ tokens, offsets, unknown }: EncodedTable, use: (row: number, ids: Uint32Array) => void): void {
  for (let row = 0; row < offsets.length - 1; row++) {
    let next = unknown?.before[row] ?? 0;
    const ids = Uint32Array.from(tokens.subarray(offsets[row]!, offsets[row + 1]!), (id) => {
      if (id !== UNKNOWN || !unknown) return id;
      const { offsets, keys } = unknown.keys;
      const place = next++;
      return offsets[place]! < offsets[place + 1]! ? keys[offsets[place]!]! : id;
    });
    if (ids.length > 0 && (unknown || !ids.includes(UNKNOWN))) use(row, ids);
  }
}

/**
 * Reads the rows of `parent` again by `read`. Throws an InputError if they cannot be read, or are not the rows that the run
 * was trained on.
 */
export async function readEarlierRows(
  parent: Parent,
  read: () => Promise<RunData>,
  hint = "With `replay` 0 they are not needed",
): Promise<RunData> {
  const { manifest: { id, config, labels }, directory, known } = parent;
  const refuse = (why: string) => inputError("replay", `The rows of run ${id} cannot be used again: ${why}. ${hint}`);
  if (config.data.includes("-")) throw refuse("it was trained on rows in memory, or on standard input");
  const found = await read().catch((error) => {
    throw error instanceof InputError ? refuse(error.message) : error;
  });
  const recorded = (await readJson(join(directory, "data.json"), dataStatisticsSchema).catch((error) => {
    throw refuse(String(error));
  })).sources.filter(({ role }) => role !== "test");
  const { sources } = found.source.statistics;
  const changed = recorded.find(({ sha256 }, at) => sources[at]?.sha256 !== sha256);
  if (changed) throw refuse(`"${changed.name}" is not the file that it was trained on, as its digest differs`);
  const isSame = JSON.stringify([found.source.preprocessing.vocabulary, found.data.labels]) ===
    JSON.stringify([known.preprocessing.vocabulary, labels]);
  if (!isSame) throw refuse("they are read differently now");
  return found;
}
