/** Decides the split, the vocabulary and the length, and writes encoded rows into tables in shared memory. */
import {
  chooseVocabulary,
  type ChosenVocabulary,
  searchedTokens,
  type WordVectors,
} from "../vocabulary/choose_vocabulary.ts";
import { type EncodedPart, EXAMPLES } from "./encode_sources.ts";
import { Lengths } from "../findings/lengths.ts";
import { type Bins, fillBins, learnBins, ValueCounts } from "./bins.ts";
import { parseColumns } from "../../config/columns.ts";
import { AUTO_LENGTH, type DataOptions } from "../../config/data_shape.ts";
import type { ProvisionalTokens } from "../vocabulary/provisional.ts";
import type { PreprocessingJson } from "./preprocessing.ts";
import type { RowStore, StoredRow } from "./row_store.ts";
import { strataOf, stratifiedSplit } from "./split.ts";
import type { Splitter } from "./splitters.ts";
import type { DataStatistics, PartStatistics } from "../statistics.ts";
import type { EncodedTable } from "../batches/table.ts";
import { placeOf, type RowPlaces, TableBuilder, type TableSizes, withUnseen } from "./table_builder.ts";
import { UNKNOWN } from "../vocabulary/vocabulary.ts";

/** Fraction of the training rows that an automatic length does not cut. */
const AUTO_SHARE = 0.99;

/** A row of the sources, and another one with the same tokens. */
interface RepeatedRow {
  readonly row: number;
  readonly sameAs: number;
}

/** The rows of one role. */
export interface LoadedPart {
  readonly table: EncodedTable;
  readonly places: RowPlaces;
  readonly statistics: PartStatistics;
}

export interface AssembledTraining extends ChosenVocabulary {
  readonly training: LoadedPart;
  /** Keys of all rows, in order. */
  readonly keys: Float64Array<ArrayBuffer> | undefined;
  /** Rows that were drawn as validation set. */
  readonly validation: LoadedPart;
  readonly lengths: Lengths;
  readonly maxLength: number;
  /** Validation rows whose tokens a training row has, by their positions in the sources. */
  readonly leaks: { readonly rows: number; readonly examples: readonly RepeatedRow[] };
  /** Describes a split by a column. */
  readonly split: DataStatistics["split"];
  /** The bins of numbers, if rows have several columns, and the training rows of each value. */
  readonly bins: Bins | undefined;
  readonly values: DataStatistics["columns"];
  /** Returns the place where a row of the sources was read. */
  readonly place: (row: number) => string;
}

interface AssembleOptions
  extends Pick<DataOptions, "columns" | "minCount" | "maxVocabulary" | "maxLength" | "truncate"> {
  /** Fraction of the rows that are drawn as validation set. */
  readonly share: number;
  readonly seed: number;
  /** Class in the order of the rows → final class. */
  readonly classes: Uint16Array;
  /** Tells whether tokens are words, whose letters count. */
  readonly hasLetters: boolean;
  /** The preprocessing of an earlier model, which keeps its tokens and bins. */
  readonly known?: Pick<PreprocessingJson, "vocabulary" | "columns"> | undefined;
  /** Reads the vectors of these tokens, and of others that no training row has. */
  readonly readVectors?: ((searched: ReadonlySet<string>) => Promise<WordVectors>) | undefined;
}

/** Splits the rows of the training sources, and fills their tables. Releases the store of `part`. */
export async function assembleTraining(
  part: EncodedPart,
  tokens: ProvisionalTokens,
  options: AssembleOptions,
): Promise<AssembledTraining> {
  const { splitter } = part;
  const { length: classes } = options.classes;
  const splitting = [strataOf(part, classes), classes + 1, options.share, options.seed] as const;
  const drawn = stratifiedSplit(...splitting);
  const validates = splitter?.split(...splitting) ?? drawn;
  const split = splitter && options.share > 0 ? splitFacts(part.store, splitter, validates, drawn) : undefined;
  const columns = parseColumns(options.columns);
  const bins = columns && part.numbers && learnBins(columns, part.numbers, validates, tokens, options.known?.columns);
  const values = bins && new ValueCounts(bins);
  const earlier = options.known?.vocabulary.map((token) => tokens.keep(token));
  const counts = new Uint32Array(tokens.end);
  const full = new Lengths();
  const kept = [new Lengths(), new Lengths()] as const;
  const rows: [number, number] = [0, 0];
  const labels: [number, number] = [0, 0];
  /** Per row that is the first with its tokens: a training row with the same tokens, plus one. */
  const trained = new Uint32Array(part.store.rows);
  part.store.scan((stored) => {
    const { row, count, tokens, length, first, labels: own } = stored;
    const role = validates[row] as 0 | 1;
    rows[role]++;
    labels[role] += own.length;
    kept[role].add(count);
    if (role === 1) return;
    if (bins) fillBins(bins, part.numbers!, stored);
    values?.add(stored);
    full.add(length);
    trained[first] ||= row + 1;
    for (let i = 0; i < count; i++) counts[tokens[i]!]!++;
  });
  const vectors = await options.readVectors?.(searchedTokens(counts, tokens, options, earlier));
  const chosen = chooseVocabulary(counts, tokens, options, rows[0], vectors, earlier);
  const maxLength = options.maxLength === "auto"
    ? Math.max(1, Math.min(AUTO_LENGTH, full.percentile(AUTO_SHARE)))
    : options.maxLength;
  const fill = { ...options, ids: chosen.ids, size: chosen.vocabulary.size, maxLength, tokens, bins };
  const fillers = ([0, 1] as const).map((role) => {
    const sizes = { rows: rows[role], tokens: kept[role].tokens(maxLength), labels: labels[role] };
    return new Filler(part, sizes, fill);
  });
  let leaked = 0;
  const examples: RepeatedRow[] = [];
  part.store.scan((stored) => {
    const { row, first } = stored;
    const role = validates[row] as 0 | 1;
    fillers[role]!.add(stored);
    if (role === 0 || trained[first] === 0 || stored.length === 0) return;
    leaked++;
    if (examples.length < EXAMPLES) examples.push({ row, sameAs: trained[first]! - 1 });
  }, true);
  const [training, validation] = fillers.map((filler) => filler.finish());
  const place = (row: number) => {
    const role = validates[row]!;
    const before = validates.subarray(0, row).reduce((sum, other) => sum + (other === role ? 1 : 0), 0);
    return placeOf((role === 0 ? training! : validation!).places, before);
  };
  return {
    ...chosen,
    bins,
    values: values?.finish(tokens, chosen.ids),
    split,
    training: training!,
    keys: part.keys?.slice().sort(),
    validation: validation!,
    lengths: full,
    maxLength,
    leaks: { rows: leaked, examples },
    place,
  };
}

/** Describes the split by a column, beside the random one that it replaces. */
function splitFacts(
  store: RowStore,
  splitter: Splitter,
  validates: Uint8Array,
  drawn: Uint8Array,
): NonNullable<DataStatistics["split"]> {
  const { groups, from } = splitter.describe(validates);
  const random = splitter.describe(drawn);
  return {
    column: splitter.column,
    ...groups && { groups: { training: groups.training, validation: groups.validation } },
    ...from !== undefined && { from },
    random: {
      rows: drawn.reduce((sum, own) => sum + own, 0),
      leaks: leaksOf(store, drawn),
      ...random.groups && { shared: random.groups.shared },
    },
  };
}

/** Counts the validation rows whose tokens a training row has. */
function leaksOf(store: RowStore, validates: Uint8Array): number {
  const trained = new Uint8Array(store.rows);
  store.scan(({ row, first }) => trained[first]! |= 1 - validates[row]!);
  let leaks = 0;
  store.scan(({ row, first, length }) => leaks += length > 0 ? validates[row]! & trained[first]! : 0);
  return leaks;
}

/** Fills the table of evaluation rows. Releases the store of `part`. */
export function assembleEvaluation(
  part: EncodedPart,
  tokens: ProvisionalTokens,
  { ids, vocabulary, maxLength, bins }: Pick<AssembledTraining, "ids" | "vocabulary" | "maxLength" | "bins">,
  options: Pick<AssembleOptions, "truncate" | "classes" | "hasLetters">,
): LoadedPart {
  const kept = new Lengths();
  part.store.scan(({ count }) => kept.add(count));
  const sizes = { rows: part.store.rows, tokens: kept.tokens(maxLength), labels: part.labels.length };
  const filler = new Filler(part, sizes, {
    ...options,
    ids,
    size: vocabulary.size,
    maxLength,
    tokens,
    bins,
  });
  part.store.scan((row) => filler.add(row), true);
  const loaded = filler.finish();
  return { ...loaded, table: withUnseen(loaded.table, part.unseenOf) };
}

interface FillOptions extends Pick<AssembleOptions, "truncate" | "classes" | "hasLetters"> {
  readonly tokens: ProvisionalTokens;
  readonly bins: Bins | undefined;
  /** Provisional id → id; later ids are unknown. */
  readonly ids: Uint32Array;
  /** Number of ids. */
  readonly size: number;
  readonly maxLength: number;
}

/** Writes stored rows into one table. */
class Filler {
  readonly #builder: TableBuilder;
  readonly #addUnknown: (id: number) => void;
  readonly #options: FillOptions;
  readonly #numbers: EncodedPart["numbers"];
  #rows = 0;
  #tokens = 0;
  #unknown = 0;
  #truncated = 0;
  #empty = 0;

  constructor({ sources, count, texts, numbers }: EncodedPart, sizes: TableSizes, options: FillOptions) {
    const names = sources.map(({ name }) => name);
    this.#builder = new TableBuilder(sizes, count, options.size, names, options.hasLetters, texts);
    this.#addUnknown = options.tokens.adder(this.#builder.unknown);
    this.#options = options;
    this.#numbers = numbers;
  }

  add(row: StoredRow): void {
    const { classes, ids, maxLength, truncate, bins } = this.#options;
    if (bins && this.#numbers) fillBins(bins, this.#numbers, row);
    const { labels, source, line, length, count, tokens } = row;
    this.#builder.begin(labels.map((label) => classes[label]!), source, line);
    const used = Math.min(count, maxLength);
    const start = truncate === "end" ? 0 : count - used;
    for (let i = start; i < start + used; i++) {
      const id = ids[tokens[i]!] ?? UNKNOWN;
      this.#builder.push(id);
      if (id !== UNKNOWN) continue;
      this.#unknown++;
      this.#addUnknown(tokens[i]!);
    }
    if (used === 0) {
      this.#builder.push(UNKNOWN);
      this.#addUnknown(UNKNOWN);
      this.#unknown++;
      this.#empty++;
    }
    this.#rows++;
    this.#tokens += Math.max(1, used);
    if (length > maxLength) this.#truncated++;
  }

  finish(): LoadedPart {
    return {
      table: this.#builder.finish(),
      places: this.#builder.places,
      statistics: {
        rows: this.#rows,
        tokens: this.#tokens,
        unknown: this.#unknown,
        truncated: this.#truncated,
        empty: this.#empty,
      },
    };
  }
}
