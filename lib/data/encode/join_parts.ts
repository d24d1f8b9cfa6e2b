/** Puts rows of several parts one after another, with the ids of one vocabulary. */
import { type EncodedTable, rowsOf } from "../batches/table.ts";
import { labelsAt } from "../several.ts";
import { keysOfVocabulary, type TokenKeys } from "../vocabulary/token_keys.ts";
import { FIRST_KNOWN, UNKNOWN } from "../vocabulary/vocabulary.ts";
import type { LoadedPart } from "./assemble.ts";
import { TableBuilder } from "./table_builder.ts";

/** Translates tokens of one vocabulary into ids of another. */
export interface Translation {
  /** Number of ids of the other vocabulary. */
  readonly vocabulary: number;
  /** Id → id of the same token in the other vocabulary, or UNKNOWN. */
  readonly ids: Uint32Array;
  /** Keys of the ids, for those that are unknown in the other vocabulary. */
  readonly keys: TokenKeys;
  /** Ids of the other vocabulary's tokens by their keys, for tokens that are unknown in the first. */
  readonly known: ReadonlyMap<number, number>;
}

/** Returns the translation `from` the known tokens of one vocabulary `to` those of another. */
export function translation(from: readonly string[], to: readonly string[], hasLetters: boolean): Translation {
  const places = new Map(to.map((token, place) => [token, place + FIRST_KNOWN]));
  const own = new Set(from);
  const { offsets, keys } = keysOfVocabulary(to, false);
  const others = to.flatMap((token, place) => own.has(token) ? [] : [place + FIRST_KNOWN]);
  return {
    vocabulary: to.length + FIRST_KNOWN,
    ids: Uint32Array.from([0, UNKNOWN, ...from.map((token) => places.get(token) ?? UNKNOWN)]),
    keys: keysOfVocabulary(from, hasLetters),
    known: new Map(others.map((id) => [keys[offsets[id]!]!, id])),
  };
}

/** Rows to join. */
interface JoinedRows {
  readonly part: LoadedPart;
  /** Their positions; default: all. */
  readonly rows?: Uint32Array;
  readonly translation: Translation;
}

/**
 * Joins rows in their order; their labels must have the same numbers. A token that a part did not know, and that the other
 * vocabulary knows, gets its id. Rows that were cut or empty are counted for whole parts only.
 */
export function joinParts(joined: readonly JoinedRows[], hasLetters: boolean): LoadedPart {
  const all = joined.map(({ part: { table }, rows }) =>
    rows ?? Uint32Array.from({ length: rowsOf(table) }, (_, i) => i)
  );
  const sizes = { rows: 0, tokens: 0, labels: 0 };
  joined.forEach(({ part: { table } }, at) => {
    for (const row of all[at]!) {
      sizes.rows++;
      sizes.tokens += table.offsets[row + 1]! - table.offsets[row]!;
      sizes.labels += labelsAt(table, row).length;
    }
  });
  const [{ part: first, translation: { vocabulary } }] = joined as [JoinedRows, ...JoinedRows[]];
  const sources = joined.flatMap(({ part }) => part.places.sources);
  const count = first.table.labelOffsets ? "many" : "one";
  const builder = new TableBuilder(sizes, count, vocabulary, sources, hasLetters, first.places.texts);
  let before = 0;
  joined.forEach(({ part: { table, places }, translation }, at) => {
    for (const row of all[at]!) {
      builder.begin([...labelsAt(table, row)], before + places.source[row]!, places.lines[row]!);
      addTokens(builder, table, row, translation);
    }
    before += places.sources.length;
  });
  const table = builder.finish();
  const whole = joined.filter(({ rows }) => !rows).map(({ part: { statistics } }) => statistics);
  return {
    table,
    places: builder.places,
    statistics: {
      rows: sizes.rows,
      tokens: sizes.tokens,
      unknown: builder.unknown.size,
      truncated: whole.reduce((sum, { truncated }) => sum + truncated, 0),
      empty: whole.reduce((sum, { empty }) => sum + empty, 0),
    },
  };
}

/** Adds the tokens of a row to the last row of `builder`. */
function addTokens(
  builder: TableBuilder,
  { tokens, offsets, unknown }: EncodedTable,
  row: number,
  { ids, keys, known }: Translation,
): void {
  let next = unknown?.before[row] ?? 0;
  for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
    const token = tokens[at]!;
    // The first key of a token is its own.
    const isUnknown = token === UNKNOWN && unknown !== undefined;
    const own = isUnknown ? unknown.keys : keys;
    const place = isUnknown ? next++ : token;
    const begin = own.offsets[place]!;
    const end = own.offsets[place + 1]!;
    const id = token !== UNKNOWN ? ids[token]! : begin < end ? known.get(own.keys[begin]!) ?? UNKNOWN : UNKNOWN;
    builder.push(id);
    if (id !== UNKNOWN) continue;
    builder.unknown.addAll({ offsets: Uint32Array.of(0, end - begin), keys: own.keys.subarray(begin, end) });
  }
}
