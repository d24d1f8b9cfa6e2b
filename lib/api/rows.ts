/** Reads rows in memory by way of the reader of files: they become the JSON lines that a file of them has. */
import { errorMessage, InputError, inputError } from "../base/errors.ts";
import { describe } from "../base/printable.ts";
import { isRecord } from "../base/record.ts";
import type { Row, Rows } from "./types/rows.ts";

/** Names rows in memory in the config of a run, where this is standard input. */
export const IN_MEMORY = "-";

/** Characters that are given to the reader at once, about. */
const CHUNK = 1 << 18;

/** The columns of files, by which the reader finds the parts of a row. */
interface Columns {
  readonly textColumn?: unknown;
  readonly labelColumn?: unknown;
}

interface SourceOptions {
  readonly columns?: Columns;
  readonly signal?: AbortSignal | undefined;
}

/** Rows as the reader of files takes them. */
export class RowSource {
  /** The paths of files, or the name of rows in memory. */
  readonly data: readonly string[];
  /** The bytes of rows in memory. */
  readonly input: AsyncIterable<Uint8Array> | undefined;
  readonly #field: string;
  readonly #columns: Columns;
  /** The error that the rows in memory threw. */
  #thrown: { readonly error: unknown } | undefined;

  readonly #signal: AbortSignal | undefined;

  /**
   * `field` names the rows in messages, and `signal` ends the reading of rows in memory. Throws an InputError for a value
   * that has no rows.
   */
  constructor(rows: Rows, field: string, { columns = {}, signal }: SourceOptions = {}) {
    this.#field = field;
    this.#columns = columns;
    this.#signal = signal;
    if (typeof rows === "string" || isPaths(rows)) {
      this.data = typeof rows === "string" ? [rows] : rows;
      const wrong = this.data.find((path) => path === "" || path === IN_MEMORY);
      if (wrong !== undefined) throw inputError(field, `${field} names "${wrong}": expected the path of a file`);
      if (this.data.length === 0) throw inputError(field, `${field} is empty: expected rows, or paths of files`);
    } else if (isIterable(rows)) {
      this.data = [IN_MEMORY];
      this.input = this.#bytes(rows);
    } else {
      const message = `${field} is ${describe(rows)}: expected the path of a file, paths, or rows { text, label }`;
      throw inputError(field, message);
    }
  }

  async *#bytes(rows: Iterable<Row> | AsyncIterable<Row>): AsyncGenerator<Uint8Array, void, void> {
    const encoder = new TextEncoder();
    let text = "";
    let at = 0;
    try {
      for await (const row of rows) {
        this.#signal?.throwIfAborted();
        text += `${this.#line(row, at++)}\n`;
        if (text.length < CHUNK) continue;
        yield encoder.encode(text);
        text = "";
      }
    } catch (error) {
      this.#thrown = { error };
      throw error;
    }
    yield encoder.encode(text);
  }

  #line(row: Row, at: number): string {
    const field = `${this.#field}[${at}]`;
    if (!isRecord(row)) throw inputError(field, `${field} is ${describe(row)}: expected a row { text, label }`);
    const { textColumn = "text", labelColumn = "label" } = this.#columns;
    const columns: Readonly<Record<string, unknown>> = { text: textColumn, label: labelColumn };
    const entries = Object.entries(row).map(([key, value]) => [String(columns[key] ?? key), value]);
    try {
      return JSON.stringify(Object.fromEntries(entries));
    } catch (error) {
      throw inputError(field, `${field} cannot be written as JSON: ${errorMessage(error)}`);
    }
  }

  /** Returns the error of the caller for `error`: what its rows threw, or with the names by which it knows the rows. */
  errorFor(error: unknown): unknown {
    if (this.#thrown) return this.#thrown.error;
    if (!this.input || !(error instanceof InputError)) return error;
    const problems = error.problems.map(({ field, message }) => ({
      field: this.renamed(field),
      message: this.renamed(message),
    }));
    return new InputError(problems, error.more);
  }

  /** Returns `text` with `data[17]` for line 18 of rows in memory. */
  renamed(text: string): string {
    if (!this.input) return text;
    return text.replaceAll(/\bstandard input:(\d+)/g, (_, line) => `${this.#field}[${Number(line) - 1}]`)
      .replaceAll("standard input", this.#field);
  }
}

function isPaths(rows: Exclude<Rows, string>): rows is readonly string[] {
  return Array.isArray(rows) && rows.every((row) => typeof row === "string");
}

function isIterable(rows: object): boolean {
  return typeof rows === "object" && rows !== null && (Symbol.iterator in rows || Symbol.asyncIterator in rows);
}
