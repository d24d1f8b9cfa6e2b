/**
 * Keeps the labelled rows that people send to a server in `examples.jsonl` of a run: JSON lines that `train --data` reads,
 * each with an `example` that says who labelled it and when. A row is on the disk before its sender gets an answer.
 */
import { errorCode } from "../../base/errors.ts";
import { cannotWrite } from "../files/files.ts";
import type { ExampleOverview, Examples, NewExample, Refused } from "../../predict/labelling.ts";
import { ExampleFile, MOST_BYTES, type NewExamples } from "./example_file.ts";

interface Waiting {
  readonly examples: readonly NewExample[];
  readonly resolve: (ids: readonly number[] | Refused) => void;
  readonly reject: (error: unknown) => void;
}

export class ExampleJournal implements Examples {
  readonly #directory: string;
  readonly #labelColumn: string;
  readonly #mostBytes: number;
  #opened: ExampleFile | undefined;
  /** Added together, so that many senders wait for one write. */
  #waiting: Waiting[] = [];
  /** Ends when the last operation on the file does: they never overlap. */
  #turn: Promise<unknown> = Promise.resolve();

  /** Opens the file of the run in `directory` at the first use. Its rows have their labels under `labelColumn`. */
  constructor(directory: string, labelColumn: string, mostBytes: number = MOST_BYTES) {
    this.#directory = directory;
    this.#labelColumn = labelColumn;
    this.#mostBytes = mostBytes;
  }

  add(examples: readonly NewExample[]): Promise<readonly number[] | Refused> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly number[] | Refused>();
    this.#waiting.push({ examples, resolve, reject });
    if (this.#waiting.length === 1) {
      this.#turn = this.#turn.then(() => this.#addAll(this.#waiting.splice(0)));
    }
    return promise;
  }

  remove(id: number): Promise<boolean | Refused> {
    return this.#inTurn(async (file) => {
      if (!await file.without(id)) return false;
      this.#close();
      return true;
    });
  }

  overview(): Promise<ExampleOverview | Refused> {
    return this.#inTurn((file) => Promise.resolve(file.overview()));
  }

  /** Counts the examples with greater ids than `id`, and returns the greatest of them. */
  after(id: number): Promise<NewExamples | Refused> {
    return this.#inTurn((file) => Promise.resolve(file.after(id)));
  }

  /** Writes the examples with greater ids than `after`, up to `last`, to a file at `path`. */
  copy(after: number, last: number, path: string): Promise<void | Refused> {
    return this.#inTurn((file) => file.copy(after, last, path));
  }

  /** Waits for all operations, and closes the file. */
  async close(): Promise<void> {
    await this.#turn;
    this.#close();
  }

  #close(): void {
    this.#opened?.close();
    this.#opened = undefined;
  }

  /** Calls `use` after all earlier operations. */
  #inTurn<Result>(use: (file: ExampleFile) => Promise<Result>): Promise<Result | Refused> {
    const result = this.#turn.then(async () => {
      const file = await this.#open();
      return typeof file === "string" ? file : await use(file);
    }).catch((error: unknown): Refused => {
      if (isFull(error)) return "full";
      throw error;
    });
    this.#turn = result.catch(() => {});
    return result;
  }

  async #open(): Promise<ExampleFile | Refused> {
    try {
      const opened = this.#opened ?? await ExampleFile.open(this.#directory, this.#labelColumn);
      if (opened === "busy") return "busy";
      return this.#opened = opened;
    } catch (error) {
      if (cannotWrite(error)) return "kept";
      throw error;
    }
  }

  async #addAll(all: readonly Waiting[]): Promise<void> {
    try {
      const file = await this.#open();
      if (typeof file === "string") return all.forEach(({ resolve }) => resolve(file));
      const answers = all.map(({ examples }) => file.prepare(examples, this.#mostBytes));
      await file.write();
      all.forEach(({ resolve }, at) => resolve(answers[at]!));
    } catch (error) {
      // Opened again at the next use, without a line of which only a part was written.
      this.#close();
      for (const { resolve, reject } of all) isFull(error) ? resolve("full") : reject(error);
    }
  }
}

/** Tells whether the disk, or the user's share of it, has no room. */
function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG"].includes(errorCode(error) ?? "");
}
