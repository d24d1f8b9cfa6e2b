/** Reads sources once, and turns their rows into provisional ids and labels. Only texts of standard input are kept. */
import { nearest } from "../../base/nearest.ts";
import { inputError } from "../../base/errors.ts";
import { Duplicates } from "../findings/duplicates.ts";
import { sourceName } from "../../formats/bytes.ts";
import { inputOf, isProblem, type LabelCount, labelsOf, type Row } from "../../formats/entry.ts";
import { openRows, type SourceInfo } from "../../formats/rows.ts";
import { shortJson } from "../../base/printable.ts";
import { grown } from "../../base/growing_arrays.ts";
import { Interner, unitsOf } from "../vocabulary/interner.ts";
import { AUTO_LENGTH, type DataOptions } from "../../config/data_shape.ts";
import { type ReadingRules, spellingOf } from "../../base/normal_form.ts";
import { ProblemLog, WarningLog } from "../findings/problems.ts";
import { ProvisionalTokens } from "../vocabulary/provisional.ts";
import { parseColumns } from "../../config/columns.ts";
import { type Column, readingOf } from "../../formats/columns.ts";
import { KeptTexts } from "../row_texts.ts";
import { RowNumbers } from "./bins.ts";
import { createFieldCutter, type FieldCutter } from "./fields.ts";
import { MOST_KEYS, rowKeys } from "./row_keys.ts";
import { RowStore } from "./row_store.ts";
import { openSplitter, type Splitter } from "./splitters.ts";
import { createTokenizer } from "../tokenizers/create_tokenizer.ts";
import { Spans, spansOf, type Tokenizer } from "../tokenizers/tokenizer.ts";

/** Most classes: a label has 16 bits. */
const MOST_CLASSES = 0x10000;

/** Examples of duplicates, conflicts and leaks that are kept. */
export const EXAMPLES = 5;

/** A row with the tokens of an earlier one: the position of the earlier row, and the place and class of this one. */
interface Repetition {
  readonly first: number;
  readonly file: string;
  readonly line: number;
  readonly labels: readonly number[];
}

export interface Repetitions {
  count: number;
  readonly examples: Repetition[];
}

/** The encoded rows of the sources of one role. */
export interface EncodedPart {
  readonly store: RowStore;
  /** Says whether rows may have several labels. */
  readonly count: LabelCount;
  /** Classes of all rows, one row after another, numbered in the order in which they occurred. */
  readonly labels: Uint16Array;
  /** `[rows + 1]`: position in `labels` where those of each row begin. */
  readonly labelOffsets: Uint32Array;
  /** Row → number of its labels that no training row has. */
  readonly unseenOf: ReadonlyMap<number, number>;
  /** The numbers of the rows, if they have columns. */
  readonly numbers: RowNumbers | undefined;
  /** `[rows]`: keys of the rows; undefined for evaluation rows, and for more than `MOST_KEYS`. */
  readonly keys: Float64Array | undefined;
  readonly sources: readonly SourceInfo[];
  /** Rows whose tokens a training row has; training rows are only compared with earlier ones. */
  readonly repeated: Repetitions;
  /** Repeated rows whose label differs. */
  readonly conflicting: Repetitions;
  readonly texts: KeptTexts;
  /** Splits the rows, if a column decides it. */
  readonly splitter: Splitter | undefined;
}

/** Training rows may add classes; evaluation rows must have a class of the training rows. */
type PartRole = "training" | "evaluation";

export interface EncoderIo {
  /** Used as standard input. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Called about once a megabyte with the number of rows so far, good and bad. */
  readonly onRows?: (rows: number) => void;
  /** Rules by which the rows are read. */
  readonly rules: ReadingRules;
}

/** Encodes the sources of one data set, role by role: the training rows first. */
export class SourceEncoder {
  /** The labels of a row are as many as the first source shows, unless the options say so. */
  #options: DataOptions;
  #tokenizer: Tokenizer;
  /** Rows so far that were texts; the others are lists of tokens. */
  #texts = 0;
  readonly #io: EncoderIo;
  readonly #spelled: (text: string) => string;
  /** The columns of a row, if there are several. */
  readonly #columns: readonly Column[] | undefined;
  readonly #fields: FieldCutter | undefined;
  readonly #keyOf: ReturnType<typeof rowKeys>;
  #read = 0;
  /** Most tokens of a row that are kept. */
  readonly #cap: number;
  readonly #spans = new Spans();
  #ids = new Uint32Array(1024);
  #units = new Uint16Array(64);
  readonly #labels = new Interner();
  #unseen: string | undefined;
  readonly duplicates = new Duplicates();
  readonly tokens = new ProvisionalTokens();
  readonly problems = new ProblemLog();
  readonly warnings = new WarningLog();

  /** Classes with the names `labels` are known before any row. */
  constructor(options: DataOptions, tokenizer: Tokenizer, io: EncoderIo, labels: readonly string[] = []) {
    this.#options = options;
    this.#tokenizer = tokenizer;
    this.#io = io;
    this.#spelled = spellingOf(tokenizer.json, io.rules);
    this.#columns = parseColumns(options.columns);
    this.#fields = this.#columns && createFieldCutter(this.#columns, tokenizer.cut, this.#spelled);
    this.#keyOf = rowKeys(tokenizer);
    this.#cap = options.maxLength === "auto" ? AUTO_LENGTH : options.maxLength;
    for (const label of labels) this.#labels.add(unitsOf(label), 0, label.length);
  }

  /** Cuts texts. With `tokenizer` auto, it is `codes` if all training rows were lists of tokens. */
  get tokenizer(): Tokenizer {
    return this.#tokenizer;
  }

  /** Returns the class names in the order in which they occurred. */
  labels(): string[] {
    return Array.from({ length: this.#labels.size }, (_, label) => this.#labels.text(label));
  }

  /**
   * Encodes `sources`. Throws an InputError if a source cannot be read, and at a bad row if the options say so; `all`
   * reads on after bad rows.
   */
  async encode(sources: readonly string[], role: PartRole, all: boolean): Promise<EncodedPart> {
    const splitter = role === "training" ? openSplitter(this.#options) : undefined;
    const extras = splitter && [splitter.column];
    const part = new PartBuilder(splitter, this.#fields && new RowNumbers(this.#fields.numbers.length));
    const infos: SourceInfo[] = [];
    for (const [index, source] of sources.entries()) {
      const { rules, input } = this.#io;
      const warn = this.warnings.add.bind(this.warnings);
      const reading = { ...this.#options, ...readingOf(this.#columns), rules, warn, extras };
      const reader = await openRows(source, reading, input);
      this.#options = { ...this.#options, labels: reader.labels };
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
    return part.finish(infos, this.#options.labels === "many" ? "many" : "one");
  }

  #take(row: Row, source: number, role: PartRole, part: PartBuilder): void {
    const problem = part.splitter?.add(row.extras?.[0] ?? "");
    if (problem !== undefined) return this.problems.add({ file: row.file, line: row.line, problem });
    const names = labelsOf(row);
    const labels = names.map((name) => this.#label(name, row, role)).filter((label) => label >= 0);
    if (labels.length < names.length && !row.labels) return;
    const label = row.labels ? setKey(labels) : labels[0]!;
    const [spans, content] = [this.#spans, inputOf(row)];
    const spelled = this.#spell(content);
    if (!Array.isArray(content)) this.#texts++;
    if (typeof spelled === "string") this.#tokenizer.cut(spelled, spans);
    else spansOf(spelled, spans);
    const { units, bounds, count } = spans;
    if (count > this.#ids.length) this.#ids = new Uint32Array(2 * count);
    const kept = Math.min(count, this.#cap);
    const start = this.#options.truncate === "end" ? 0 : count - kept;
    // All tokens of a row are interned, so that rows which only differ after the cap count as different.
    const [ids, numbers] = [this.#ids, this.#numbersOf(content)];
    for (let i = numbers.length; i < count; i++) ids[i] = this.tokens.add(units, bounds[2 * i]!, bounds[2 * i + 1]!);
    part.numbers?.add(numbers, ids);
    const position = part.rows;
    let first = position;
    if (count > 0) {
      const earlier = role === "training"
        ? this.duplicates.add(ids, count, position, label)
        : this.duplicates.find(ids, count);
      if (earlier && (role === "evaluation" || earlier.first !== position)) {
        part.repeat({ first: earlier.first, file: row.file, line: row.line, labels }, earlier.label !== label);
        if (role === "training") first = earlier.first;
      }
    }
    if (role === "training") part.addKey(this.#keyOf(spelled, spans));
    part.add({ source, line: row.line, labels, length: count, first }, ids, start, kept);
    if (labels.length < names.length) part.unseenOf.set(position, names.length - labels.length);
    part.texts.add(row);
  }

  /** Returns a text in the model's spelling, or the tokens of a list or of fields. */
  #spell(content: ReturnType<typeof inputOf>): string | readonly string[] {
    if (typeof content === "string") return this.#spelled(content);
    return "fields" in content ? this.#fields?.cut(content) ?? [] : content.map(this.#spelled);
  }

  /** Returns the numbers of a row of several columns. */
  #numbersOf(content: ReturnType<typeof inputOf>): readonly (number | null)[] {
    if (typeof content === "string" || !("fields" in content)) return [];
    return this.#fields?.numbers.map((at) => content.fields[at]).filter((value) =>
      typeof value !== "string" && value !== undefined
    ) ?? [];
  }

  /** Returns the class of a label of a row; -1 if evaluation rows may not have it. */
  #label(label: string, { file, line, labels }: Row, role: PartRole): number {
    this.#units = unitsOf(label, this.#units);
    const known = this.#labels.find(this.#units, 0, label.length);
    if (known >= 0) return known;
    if (role === "training") {
      if (this.#labels.size < MOST_CLASSES) return this.#labels.add(this.#units, 0, label.length);
      const message = `${sourceName(file)}:${line} has one more label than the ${MOST_CLASSES} that are possible. ` +
        `Is "${this.#options.labelColumn}" the column of labels?`;
      throw inputError("labelColumn", message);
    }
    const problem = `has the label ${shortJson(label)}, which no training row has`;
    const guess = !labels && this.#labels.size < 1000 ? nearest(label, this.labels()) : undefined;
    const hint = guess === undefined ? "" : `: did you mean ${JSON.stringify(guess)}?`;
    if (labels) this.warnings.add({ file, line, warning: this.#unseen ??= `${problem}: it counts as missed` });
    else this.problems.add({ file, line, problem: problem + hint });
    return -1;
  }
}

/** Returns a hash of the classes of a row, in any order, in 32 bits. */
function setKey(labels: readonly number[]): number {
  return labels.reduce((sum, label) => (sum + Math.imul(label + 1, 0x9E3779B1)) >>> 0, labels.length);
}

class PartBuilder {
  readonly splitter: Splitter | undefined;
  readonly numbers: RowNumbers | undefined;
  readonly unseenOf = new Map<number, number>();
  readonly #store = new RowStore();
  #labels = new Uint16Array(1024);
  #labelOffsets = new Uint32Array(1024);
  #entries = 0;
  #keys = new Float64Array(0);
  readonly #repeated: Repetitions = { count: 0, examples: [] };
  readonly #conflicting: Repetitions = { count: 0, examples: [] };
  readonly texts = new KeptTexts();

  constructor(splitter: Splitter | undefined, numbers: RowNumbers | undefined) {
    this.splitter = splitter;
    this.numbers = numbers;
  }

  get rows(): number {
    return this.#store.rows;
  }

  repeat(example: Repetition, isConflict: boolean): void {
    for (const repetitions of isConflict ? [this.#repeated, this.#conflicting] : [this.#repeated]) {
      repetitions.count++;
      if (repetitions.examples.length < EXAMPLES) repetitions.examples.push(example);
    }
  }

  /** Keeps the key of the next row. */
  addKey(key: number): void {
    if (this.rows >= MOST_KEYS) return;
    if (this.rows >= this.#keys.length) this.#keys = grown(this.#keys, 1024);
    this.#keys[this.rows] = key;
  }

  add(facts: Parameters<RowStore["add"]>[0], ids: Uint32Array, start: number, count: number): void {
    const end = this.#entries + facts.labels.length;
    if (end > this.#labels.length) this.#labels = grown(this.#labels, end);
    this.#labels.set(facts.labels, this.#entries);
    this.#entries = end;
    this.#store.add(facts, ids, start, count);
    if (this.rows >= this.#labelOffsets.length) this.#labelOffsets = grown(this.#labelOffsets, this.rows + 1);
    this.#labelOffsets[this.rows] = end;
  }

  finish(sources: readonly SourceInfo[], count: LabelCount): EncodedPart {
    return {
      store: this.#store,
      count,
      labels: this.#labels.subarray(0, this.#entries),
      labelOffsets: this.#labelOffsets.subarray(0, this.rows + 1),
      unseenOf: this.unseenOf,
      keys: this.#keys.length >= this.rows ? this.#keys.subarray(0, this.rows) : undefined,
      sources,
      repeated: this.#repeated,
      conflicting: this.#conflicting,
      texts: this.texts,
      splitter: this.splitter,
      numbers: this.numbers,
    };
  }
}
