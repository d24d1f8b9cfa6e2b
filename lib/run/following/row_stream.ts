/**
 * Takes the rows of a stream, segment by segment: each row is in the journal before it counts, and is predicted by the model
 * that has learnt all segments before. As rows are taken only while no run is trained, all measures depend only on the rows.
 */
import { counted } from "../../base/counted.ts";
import { InputError, inputError } from "../../base/errors.ts";
import { untilAborted } from "../../base/waiting.ts";
import { cannotRead } from "../../formats/bytes.ts";
import { isProblem, type Row } from "../../formats/entry.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import { openSaved } from "../../predict/batch_predictor.ts";
import { readRow } from "../../predict/questions.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";
import type { Input, Prediction } from "../../predict/types.ts";
import { createReader } from "../../standalone/reader.ts";
import { measured, type Measures, NOTHING_MEASURED } from "./prequential.ts";
import { openSource, readStreamRow, type Source, type StreamEntry } from "./source_rows.ts";
import type { StreamJournal } from "./stream_journal.ts";

/** Predicts at most this many rows in one call. */
const BATCH = 256;

/** Most labels of a stream, and share of the rows of a segment that may have a new one. */
const MOST_LABELS = 1000;
const MOST_NEW_LABELS = 0.2;

interface StreamOptions {
  readonly journal: StreamJournal;
  readonly source: Source;
  readonly onBadRow: "stop" | "skip";
  readonly native: NativeLibrary | undefined;
  /** Tells people what is wrong, a line at a time. */
  readonly note: (text: string) => void;
  /** Reports that rows were taken. */
  readonly onRows: () => void;
}

/** The model that answers now. */
interface Current {
  readonly answer: (rows: readonly Row[]) => (string | undefined)[];
}

export class RowStream {
  readonly #options: StreamOptions;
  readonly #entries: AsyncGenerator<StreamEntry[], void, void>;
  /** Entries that have arrived and belong to the next segment. */
  #waiting: StreamEntry[] = [];
  #model: Current | undefined;
  /** Labels of the model, and those that are new in the segment. */
  readonly #known = new Set<string>();
  readonly #born = new Set<string>();
  #measures: Measures;
  #drifts: number[] = [];
  #line: number;
  #begun = performance.now();
  #taken = 0;
  #rate = 0;
  /** Bad rows that this process has skipped. */
  skipped = 0;

  private constructor(options: StreamOptions, line: number, entries: AsyncGenerator<StreamEntry[], void, void>) {
    this.#options = options;
    this.#line = line;
    this.#entries = entries;
    this.#measures = options.journal.learnt.at(-1)?.measures ?? NOTHING_MEASURED;
  }

  /** Opens the source behind the rows that the journal has. Throws an InputError if it cannot be read. */
  static async open(options: StreamOptions): Promise<RowStream> {
    const { journal, source, note } = options;
    const { line, batches } = await openSource(source, journal, note);
    return new RowStream(options, line, untilAborted(batches, source.signal));
  }

  get measures(): Measures {
    return this.#measures;
  }

  /** The rows of the segment that showed a drift, numbered from 1 in the stream. */
  get drifts(): readonly number[] {
    return this.#drifts;
  }

  /** Rows of the last full segment in a second, from the end of the one before: with the time in which that was learnt. */
  get rowsPerSecond(): number {
    return this.#rate;
  }

  /** The line of the stream that was read last. */
  get line(): number {
    return this.#line;
  }

  /** Says which model answers from now on, for the segment that begins, and measures it on the rows that are there already. */
  async use(model: TrainedModel | undefined): Promise<void> {
    this.#model = model && await current(model, this.#options.native);
    for (const label of model?.labels ?? []) this.#known.add(label);
    this.#born.clear();
    this.#drifts = [];
    const { journal, source: { reading } } = this.#options;
    const before = (journal.segment - 1) * journal.options.rows;
    const rows: Row[] = [];
    for await (const line of journal.read()) {
      const row = readStreamRow(line, reading);
      if (typeof row === "string") throw inputError("follow", `"${journal.folder}" has a row that ${row}`);
      rows.push(row);
    }
    for (const { label } of rows) if (!this.#known.has(label)) this.#born.add(label);
    this.#measure(rows, before);
  }

  /** Takes rows until the segment is full. Returns false if the stream ends before. Throws an InputError for a bad row. */
  async fill(): Promise<boolean> {
    const { journal, source: { signal }, onRows } = this.#options;
    while (journal.room > 0) {
      if (this.#waiting.length === 0) {
        const next = await this.#entries.next();
        if (next.done || signal.aborted) return false;
        this.#waiting = next.value;
      }
      const before = journal.rows;
      const rows = this.#accepted(journal.room);
      if (rows.length === 0) continue;
      await journal.add(rows.map(({ original }) => original));
      this.#taken += rows.length;
      this.#measure(rows, before);
      onRows();
    }
    const now = performance.now();
    this.#rate = 1000 * this.#taken / Math.max(1, now - this.#begun);
    [this.#begun, this.#taken] = [now, 0];
    return true;
  }

  /** Ends the segment, which `run` has learnt. */
  async end(run: string | null, digest: string | null): Promise<void> {
    const { rowsPerSecond, measures, line } = this;
    await this.#options.journal.end({ run, digest, measures, drifts: [...this.#drifts], rowsPerSecond, line });
  }

  /** Returns at most `most` of the rows that have arrived. */
  #accepted(most: number) {
    const rows = [];
    let at = 0;
    for (; at < this.#waiting.length && rows.length < most; at++) {
      const entry = this.#waiting[at]!;
      this.#line = entry.line;
      const problem = isProblem(entry) ? entry.problem : this.#labelProblem(entry.label);
      if (problem === undefined && !isProblem(entry)) rows.push(entry);
      else this.#refuse(`line ${entry.line} ${problem}`);
    }
    this.#waiting = this.#waiting.slice(at);
    return rows;
  }

  #refuse(message: string): void {
    const { onBadRow, source: { name } } = this.#options;
    if (onBadRow === "stop") throw cannotRead(name, `${message}. Set \`onBadRow\` to skip to leave bad rows out`);
    this.skipped++;
    // A hostile stream must not fill the log of the process.
    if (this.skipped <= NOTED) this.#options.note(`skipped: ${message}`);
    if (this.skipped === NOTED) this.#options.note("skipped: further bad rows are only counted");
  }

  #labelProblem(label: string): string | undefined {
    if (this.#known.has(label) || this.#born.has(label)) return undefined;
    const { rows } = this.#options.journal.options;
    if (this.#known.size + this.#born.size >= MOST_LABELS) {
      return `has one more label than the ${MOST_LABELS} that a stream may have`;
    }
    if (this.#born.size >= MOST_NEW_LABELS * rows) {
      return `has one more new label than the ${MOST_NEW_LABELS * rows} that a segment of ${
        counted(rows, "row")
      } may have`;
    }
    this.#born.add(label);
    return undefined;
  }

  /** Predicts `rows`, which follow the first `before` rows of the stream. */
  #measure(rows: readonly Row[], before: number): void {
    if (!this.#model) return;
    for (let begin = 0; begin < rows.length; begin += BATCH) {
      const some = rows.slice(begin, begin + BATCH);
      for (const [at, label] of this.#model.answer(some).entries()) {
        const { after, isDrift } = measured(this.#measures, label === some[at]!.label);
        this.#measures = after;
        if (isDrift) this.#drifts.push(before + begin + at + 1);
      }
    }
  }
}

/** Bad rows that are described. */
const NOTED = 20;

async function current(model: TrainedModel, native: NativeLibrary | undefined): Promise<Current> {
  const { config, preprocessing } = model;
  const reader = createReader(config, preprocessing);
  const predict = await openSaved(model, BATCH, { reject: 0, probabilities: false }, native);
  /** Returns undefined for a row that the model cannot read, which counts as wrong. */
  const inputOf = (row: Row): Input | undefined => {
    try {
      return readRow(row, reader, "the row");
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return undefined;
    }
  };
  return {
    answer(rows) {
      const inputs = rows.map(inputOf);
      const answers: Prediction[] = predict(inputs.filter((input) => input !== undefined));
      let at = 0;
      return inputs.map((input) => input === undefined ? undefined : answers[at++]!.label ?? undefined);
    },
  };
}
