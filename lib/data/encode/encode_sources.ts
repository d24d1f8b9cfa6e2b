/** The one pass over sources: rows → provisional ids, labels and what is known of them. The text is not kept. */
import { nearest } from "../../config/nearest.ts";
import { InputError } from "../../base/errors.ts";
import { Duplicates } from "../findings/duplicates.ts";
import { isProblem, type Row } from "../formats/entry.ts";
import { openRows } from "../formats/rows.ts";
import type { SourceInfo } from "../statistics.ts";
import { grown } from "../../base/growing_arrays.ts";
import { Interner, unitsOf } from "../vocabulary/interner.ts";
import { AUTO_LENGTH, type DataOptions, type ReadingRules } from "../../config/data_shape.ts";
import { spellingOf } from "../tokenizers/normal_form.ts";
import { ProblemLog, WarningLog } from "../findings/problems.ts";
import { ProvisionalTokens } from "../vocabulary/provisional.ts";
import { MOST_KEYS, rowKeys } from "./row_keys.ts";
import { RowStore } from "./row_store.ts";
import { createTokenizer } from "../tokenizers/create_tokenizer.ts";
import { Spans, spansOf, type Tokenizer } from "../tokenizers/tokenizer.ts";

/** Classes that a label's 16 bits can tell apart. */
const MOST_CLASSES = 0x10000;

/** Examples that are kept of duplicates, conflicts and leaks. */
export const EXAMPLES = 5;

/** Rows with the tokens of an earlier one: that one's position, and where this one is. */
export interface Repetition {
  readonly first: number;
  readonly file: string;
  readonly line: number;
}

export interface Repetitions {
  count: number;
  readonly examples: Repetition[];
}

/** The encoded rows of some sources. */
export interface EncodedPart {
  readonly store: RowStore;
  /** `[rows]`: classes, numbered as they came. */
  readonly labels: Uint16Array;
  /** `[rows]`: keys of the rows; none of rows that judge, nor of more than `MOST_KEYS`. */
  readonly keys: Float64Array | undefined;
  readonly sources: readonly SourceInfo[];
  /** Rows whose tokens a training row before them has; of other parts than training, any training row. */
  readonly repeated: Repetitions;
  /** Those of them whose label is another one. */
  readonly conflicting: Repetitions;
}

/** Whether the rows of a part may bring classes of their own, or are judged by those of the training rows. */
export type PartRole = "training" | "judging";

export interface EncoderIo {
  /** Stands for standard input. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Told now and then, about once a megabyte, how many rows were read so far, good and bad ones. */
  readonly onRows?: (rows: number) => void;
  /** By which the rows are read. */
  readonly rules: ReadingRules;
}

/** Encodes the sources of one data set, part by part: the training rows first. */
export class Encoder {
  readonly #options: DataOptions;
  #tokenizer: Tokenizer;
  /** Rows so far that were texts: the others are lists of tokens. */
  #texts = 0;
  readonly #io: EncoderIo;
  readonly #spelled: (text: string) => string;
  readonly #keyOf: ReturnType<typeof rowKeys>;
  #read = 0;
  /** Tokens of a row that are kept. */
  readonly #cap: number;
  readonly #spans = new Spans();
  #ids = new Uint32Array(1024);
  #units = new Uint16Array(64);
  readonly #labels = new Interner();
  readonly duplicates = new Duplicates();
  readonly tokens = new ProvisionalTokens();
  readonly problems = new ProblemLog();
  readonly warnings = new WarningLog();

  constructor(options: DataOptions, tokenizer: Tokenizer, io: EncoderIo) {
    this.#options = options;
    this.#tokenizer = tokenizer;
    this.#io = io;
    this.#spelled = spellingOf(tokenizer.json, io.rules);
    this.#keyOf = rowKeys(tokenizer);
    this.#cap = options.maxLength === "auto" ? AUTO_LENGTH : options.maxLength;
  }

  /** What texts are cut by. Where it was left to the training rows, and all of them were lists, white space parts tokens. */
  get tokenizer(): Tokenizer {
    return this.#tokenizer;
  }

  /** Class names, in the order in which they came. */
  labels(): string[] {
    return Array.from({ length: this.#labels.size }, (_, label) => this.#labels.text(label));
  }

  /**
   * Reads `sources` to their ends, or, unless `all` problems are wanted, to the first bad row where bad rows stop.
   * Throws an InputError then, and where a source cannot be read at all.
   */
  async encode(sources: readonly string[], role: PartRole, all: boolean): Promise<EncodedPart> {
    const part = new PartBuilder();
    const infos: SourceInfo[] = [];
    for (const [index, source] of sources.entries()) {
      const { rules, input } = this.#io;
      const warn = this.warnings.add.bind(this.warnings);
      const reader = await openRows(source, { ...this.#options, rules, warn }, input);
      for await (const batch of reader.batches()) {
        for (const entry of batch) {
          if (isProblem(entry)) this.problems.add(entry);
          else this.#take(entry, index, role, part);
        }
        this.#read += batch.length;
        this.#io.onRows?.(this.#read);
        if (this.problems.count > 0 && this.#options.onBadRow === "stop" && !all) throw this.problems.error();
      }
      infos.push(reader.info());
    }
    const isOfLists = role === "training" && part.rows > 0 && this.#texts === 0;
    if (isOfLists && this.#options.tokenizer === "auto") this.#tokenizer = createTokenizer({ kind: "codes" });
    return part.finish(infos);
  }

  #take(row: Row, source: number, role: PartRole, part: PartBuilder): void {
    const label = this.#label(row, role);
    if (label < 0) return;
    const spans = this.#spans;
    const spelled = "tokens" in row ? row.tokens.map(this.#spelled) : this.#spelled(row.text);
    if (typeof spelled === "string") {
      this.#texts++;
      this.#tokenizer.cut(spelled, spans);
    } else spansOf(spelled, spans);
    const { units, bounds, count } = spans;
    if (count > this.#ids.length) this.#ids = new Uint32Array(2 * count);
    const kept = Math.min(count, this.#cap);
    const start = this.#options.truncate === "end" ? 0 : count - kept;
    const ids = this.#ids;
    // All of a row's tokens are interned, so that rows that differ past the cap are not the same.
    for (let i = 0; i < count; i++) ids[i] = this.tokens.add(units, bounds[2 * i]!, bounds[2 * i + 1]!);
    const position = part.rows;
    let first = position;
    if (count > 0) {
      const earlier = role === "training"
        ? this.duplicates.add(ids, count, position, label)
        : this.duplicates.find(ids, count);
      if (earlier && (role === "judging" || earlier.first !== position)) {
        part.repeat(earlier.first, row, earlier.label !== label);
        if (role === "training") first = earlier.first;
      }
    }
    if (role === "training") part.addKey(this.#keyOf(spelled, spans));
    part.add({ source, line: row.line, label, length: count, first }, ids, start, kept);
  }

  /** The class of `row`; -1 if it has none that it may have. */
  #label(row: Row, role: PartRole): number {
    const { file, line, label } = row;
    this.#units = unitsOf(label, this.#units);
    const known = this.#labels.find(this.#units, 0, label.length);
    if (known >= 0) return known;
    if (role === "training") {
      if (this.#labels.size < MOST_CLASSES) return this.#labels.add(this.#units, 0, label.length);
      throw new InputError([{
        field: "labelColumn",
        message: `${file}:${line} has the class number ${MOST_CLASSES + 1}, ` +
          `expected at most ${MOST_CLASSES}: is "${this.#options.labelColumn}" the column of labels?`,
      }]);
    }
    const guess = this.#labels.size < 1000 ? nearest(label, this.labels()) : undefined;
    const hint = guess === undefined ? "" : `: did you mean ${JSON.stringify(guess)}?`;
    const shown = JSON.stringify(label.length > 60 ? `${label.slice(0, 59)}…` : label);
    this.problems.add({ file, line, problem: `has the label ${shown}, which no training row has${hint}` });
    return -1;
  }
}

class PartBuilder {
  readonly #store = new RowStore();
  #labels = new Uint16Array(1024);
  #keys = new Float64Array(0);
  readonly #repeated: Repetitions = { count: 0, examples: [] };
  readonly #conflicting: Repetitions = { count: 0, examples: [] };

  get rows(): number {
    return this.#store.rows;
  }

  repeat(first: number, { file, line }: Row, isConflict: boolean): void {
    for (const repetitions of isConflict ? [this.#repeated, this.#conflicting] : [this.#repeated]) {
      repetitions.count++;
      if (repetitions.examples.length < EXAMPLES) repetitions.examples.push({ first, file, line });
    }
  }

  /** Notes the key of the row that comes next. */
  addKey(key: number): void {
    if (this.rows >= MOST_KEYS) return;
    if (this.rows >= this.#keys.length) this.#keys = grown(this.#keys, 1024);
    this.#keys[this.rows] = key;
  }

  add(facts: Parameters<RowStore["add"]>[0], ids: Uint32Array, start: number, count: number): void {
    if (this.rows >= this.#labels.length) this.#labels = grown(this.#labels, this.rows + 1);
    this.#labels[this.rows] = facts.label;
    this.#store.add(facts, ids, start, count);
  }

  finish(sources: readonly SourceInfo[]): EncodedPart {
    return {
      store: this.#store,
      labels: this.#labels.subarray(0, this.rows),
      keys: this.#keys.length >= this.rows ? this.#keys.subarray(0, this.rows) : undefined,
      sources,
      repeated: this.#repeated,
      conflicting: this.#conflicting,
    };
  }
}
