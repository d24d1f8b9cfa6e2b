/** Reads and writes `examples.jsonl` while it is locked: see example_journal.ts. */
import { createReadStream } from "node:fs";
import { type FileHandle, open, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { DamagedFile } from "../../base/errors.ts";
import { type Example, type ExampleOverview, exampleSchema, type NewExample } from "../../predict/labelling.ts";
import { type FileLock, lockExclusive } from "../../platform/file_lock.ts";
import { checkFile, FILE_MODE, openFile, writePieces } from "../files/files.ts";

/** The file of a run's examples, and the one that is locked while a process adds to it; it has the id of the newest. */
export const EXAMPLES = "examples.jsonl";
const LOCK = "examples.lock";

/** Limits the file: far more than people label, and far less than a disk. */
export const MOST_BYTES = 64 * 2 ** 20;
const MOST_LABELS = 65_536;
const NEWEST = 50;
const MOST_LISTED = 1000;
const NEWLINE = 10;

/** Examples that were added after another one. */
export interface NewExamples {
  readonly count: number;
  /** The greatest of their ids. */
  readonly last: number;
}

/** The file while it is locked. */
export class ExampleFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #lock: FileLock;
  #bytes = 0;
  #lastId = 0;
  /** The ids of the examples, in order. */
  readonly #ids: number[] = [];
  readonly #labels = new Map<string, number>();
  #newest: Example[] = [];
  #unwritten = "";

  private constructor(path: string, file: FileHandle, lock: FileLock) {
    this.#path = path;
    this.#file = file;
    this.#lock = lock;
  }

  /** Throws a DamagedFile that names the line if one is no example. */
  static async open(directory: string, labelColumn: string): Promise<ExampleFile | "busy"> {
    const [path, lockPath] = [join(directory, EXAMPLES), join(directory, LOCK)];
    await (await open(lockPath, "a", FILE_MODE)).close();
    await checkFile(lockPath);
    const lock = await lockExclusive(lockPath);
    if (!lock) return "busy";
    let file: FileHandle | undefined;
    try {
      file = await open(path, "a", FILE_MODE);
      await checkFile(path);
      const opened = new ExampleFile(path, file, lock);
      // The newest example may have been removed, and its id is not given again.
      const kept = Number(await readFile(lockPath, "utf8"));
      opened.#lastId = Number.isSafeInteger(kept) ? kept : 0;
      // A killed process may have left a part of a line.
      await file.truncate(await wholeLines(path));
      for await (const { line, example } of readExamples(path)) {
        opened.#bytes += Buffer.byteLength(line) + 1;
        opened.#tally(example, labelsIn(example, labelColumn));
      }
      return opened;
    } catch (error) {
      await file?.close();
      lock.close();
      throw error;
    }
  }

  close(): void {
    void this.#file.close();
    this.#lock.close();
  }

  /** Gives `examples` their ids, and adds them to those that `write` writes. */
  prepare(examples: readonly NewExample[], mostBytes: number): readonly number[] | "full" {
    const at = new Date().toISOString();
    const lines = examples.map(({ row, who }, index): Example => ({
      ...row,
      example: { id: this.#lastId + 1 + index, at, ...who && { who } },
    }));
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const born = new Set(examples.flatMap(({ labels }) => labels)).difference(this.#labels);
    const bytes = this.#bytes + Buffer.byteLength(this.#unwritten) + Buffer.byteLength(text);
    if (bytes > mostBytes || this.#labels.size + born.size > MOST_LABELS) return "full";
    this.#unwritten += text;
    for (const [index, { labels }] of examples.entries()) this.#tally(lines[index]!, labels);
    return lines.map(({ example }) => example.id);
  }

  /** Writes what was prepared, and waits for the disk. */
  async write(): Promise<void> {
    const text = this.#unwritten;
    if (text === "") return;
    this.#unwritten = "";
    try {
      await this.#file.writeFile(text);
      await this.#file.datasync();
    } catch (error) {
      await this.#file.truncate(this.#bytes);
      throw error;
    }
    this.#bytes += Buffer.byteLength(text);
  }

  /** Writes the file again without the example `id`. Returns whether there was one; the file must be opened again then. */
  async without(id: number): Promise<boolean> {
    let found = false;
    for await (const { example } of readExamples(this.#path)) found ||= example.example.id === id;
    if (!found) return false;
    await writeFile(join(dirname(this.#path), LOCK), String(this.#lastId));
    await this.#copy(this.#path, (other) => other !== id);
    return true;
  }

  /** Counts the examples with greater ids than `id`, and returns the greatest of them. */
  after(id: number): NewExamples {
    const last = this.#ids.at(-1) ?? 0;
    return { count: this.#ids.length - 1 - this.#ids.findLastIndex((other) => other <= id), last: Math.max(id, last) };
  }

  /** Writes the examples with greater ids than `after`, up to `last`, to a file at `path`. */
  async copy(after: number, last: number, path: string): Promise<void> {
    await this.#copy(path, (id) => id > after && id <= last);
  }

  async #copy(path: string, isWanted: (id: number) => boolean): Promise<void> {
    await writePieces(path, async (write) => {
      for await (const { line, example } of readExamples(this.#path)) {
        if (isWanted(example.example.id)) await write(`${line}\n`);
      }
    });
  }

  overview(): ExampleOverview {
    const labels = [...this.#labels].map(([label, count]) => ({ label, count }));
    return {
      count: this.#ids.length,
      labels: labels.toSorted((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1)).slice(0, MOST_LISTED),
      newest: this.#newest.toReversed(),
    };
  }

  #tally(example: Example, labels: readonly string[]): void {
    this.#ids.push(example.example.id);
    this.#lastId = Math.max(this.#lastId, example.example.id);
    for (const label of labels) this.#labels.set(label, (this.#labels.get(label) ?? 0) + 1);
    this.#newest = [...this.#newest.slice(1 - NEWEST), example];
  }
}

/** Returns the labels of a row: one, or a list of them. */
function labelsIn(example: Example, labelColumn: string): string[] {
  const value = Object.hasOwn(example, labelColumn) ? example[labelColumn] : [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** Yields the lines of the file. Throws a DamagedFile that names the line that is no example. */
async function* readExamples(path: string): AsyncGenerator<{ readonly line: string; readonly example: Example }> {
  const input = createReadStream(path, "utf8");
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      number++;
      yield { line, example: parse(line, path, number) };
    }
  } finally {
    input.destroy();
  }
}

function parse(line: string, path: string, number: number): Example {
  try {
    return exampleSchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new DamagedFile(path, `line ${number} is no example`, { cause });
  }
}

/** Returns the bytes of the whole lines at the beginning of a file. */
async function wholeLines(path: string): Promise<number> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(65_536);
    for (let end = size; end > 0;) {
      const begin = Math.max(0, end - bytes.length);
      await file.read(bytes, 0, end - begin, begin);
      const at = bytes.subarray(0, end - begin).lastIndexOf(NEWLINE);
      if (at >= 0) return begin + at + 1;
      end = begin;
    }
    return 0;
  } finally {
    await file.close();
  }
}
