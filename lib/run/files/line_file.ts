/** Keeps JSON lines in a file that one process at a time writes. A line is on the disk when `add` resolves. */
import { type FileHandle, open, writeFile } from "node:fs/promises";
import type { z } from "zod";
import { DamagedFile, errorCode } from "../../base/errors.ts";
import type { FileLock } from "../../platform/file_lock.ts";
import { checked, FILE_MODE, readBytes } from "./files.ts";
import { lockFile } from "./lock.ts";

export class LineFile<Line> {
  readonly #lines: Line[];
  readonly #file: FileHandle;
  readonly #lock: FileLock;
  #bytes: number;
  #written: Promise<void> = Promise.resolve();

  private constructor(lines: Line[], file: FileHandle, lock: FileLock, bytes: number) {
    this.#lines = lines;
    this.#file = file;
    this.#lock = lock;
    this.#bytes = bytes;
  }

  /**
   * Opens the file at `path`, or makes it, and cuts off the part of a line that a killed process left. Throws an InputError
   * if another process has it, and a DamagedFile that names a line that does not fit `schema`.
   */
  static async open<Line>(path: string, schema: z.ZodType<Line>): Promise<LineFile<Line>> {
    await writeFile(path, "", { flag: "wx", mode: FILE_MODE }).catch((error) => {
      if (errorCode(error) !== "EEXIST") throw error;
    });
    const lock = await lockFile(path);
    let file: FileHandle | undefined;
    try {
      const bytes = await readBytes(path);
      const end = bytes.lastIndexOf("\n".charCodeAt(0)) + 1;
      const lines = parsed(path, bytes.subarray(0, end), schema);
      file = await open(path, "a");
      await file.truncate(end);
      return new LineFile(lines, file, lock, end);
    } catch (error) {
      await file?.close();
      lock.close();
      throw error;
    }
  }

  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** Adds a line. Throws if it cannot be written; the file is then unchanged. */
  async add(line: Line): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    const written = this.#written.then(async () => {
      try {
        await this.#file.appendFile(text);
        await this.#file.datasync();
      } catch (error) {
        await this.#file.truncate(this.#bytes);
        throw error;
      }
      this.#bytes += Buffer.byteLength(text);
      this.#lines.push(line);
    });
    this.#written = written.catch(() => {});
    await written;
  }

  async close(): Promise<void> {
    await this.#written;
    await this.#file.close();
    this.#lock.close();
  }
}

/** Reads the lines of a file that another process may be writing. Throws the system's error if it is missing. */
export async function readLines<Line>(path: string, schema: z.ZodType<Line>): Promise<Line[]> {
  const bytes = await readBytes(path);
  return parsed(path, bytes.subarray(0, bytes.lastIndexOf("\n".charCodeAt(0)) + 1), schema);
}

function parsed<Line>(path: string, bytes: Uint8Array, schema: z.ZodType<Line>): Line[] {
  return new TextDecoder().decode(bytes).split("\n").slice(0, -1).map((text, at) => {
    try {
      return checked(path, JSON.parse(text), schema);
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw new DamagedFile(path, `line ${at + 1} is not JSON`, { cause });
    }
  });
}
