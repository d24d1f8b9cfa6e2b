/** Finds the texts of a few rows by their places. A table has only their tokens, so that files are read a second time. */
import { stat } from "node:fs/promises";
import { shortened } from "../base/printable.ts";
import { sourceName } from "../formats/bytes.ts";
import { inputOf, isProblem, type Row } from "../formats/entry.ts";
import type { ReadOptions } from "../formats/read_options.ts";
import { readRows } from "../formats/rows.ts";

/** Limits a text that is stored or shown, in characters. */
const MOST_CHARACTERS = 500;

/** Limits the texts of standard input that are kept, in bytes. */
const MOST_KEPT = 1 << 24;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Shortens a text that is stored or shown. */
export function shortText(text: string): string {
  return shortened(text, MOST_CHARACTERS);
}

/** Returns the text of `row`, its tokens with spaces between them, or its fields with bars, shortened. */
export function textOf(row: Row): string {
  const content = inputOf(row);
  if (typeof content === "string") return shortText(content);
  const parts = "fields" in content ? content.fields.map((value) => value ?? "-") : content.slice(0, MOST_CHARACTERS);
  return shortText(parts.join("fields" in content ? " | " : " "));
}

/** Keeps the texts of standard input, which cannot be read twice, up to 16 MiB of them. */
export class KeptTexts {
  // As bytes: a short string may keep the megabyte alive that it was cut from.
  readonly #texts = new Map<string, Uint8Array>();
  #bytes = 0;

  add(row: Row): void {
    if (row.file !== "-" || this.#bytes >= MOST_KEPT) return;
    const text = encoder.encode(textOf(row));
    this.#bytes += text.length;
    this.#texts.set(rowPlace(row), text);
  }

  /** Returns the text at `place`; undefined for a row of a file. */
  at(place: string): string | undefined {
    const text = this.#texts.get(place);
    return text && decoder.decode(text);
  }
}

/** Returns the place of a row: `tickets.csv:18`. */
export function rowPlace({ file, line }: Pick<Row, "file" | "line">): string {
  return `${sourceName(file)}:${line}`;
}

/**
 * Reads the rows at `places` again. Rows that are not found are left out, also if their file is gone or has changed: it is
 * up to the caller to compare the rows with those of the first reading.
 */
export async function* rowsAt(
  places: readonly string[],
  sources: readonly string[],
  options: ReadOptions,
): AsyncGenerator<{ readonly place: string; readonly row: Row }, void, void> {
  for (const source of sources) {
    const start = `${sourceName(source)}:`;
    const lines = places.flatMap((place) => place.startsWith(start) ? [Number(place.slice(start.length))] : []);
    const wanted = new Set(lines);
    if (source === "-" || wanted.size === 0) continue;
    const { warn: _, ...silent } = options;
    try {
      // A pipe would wait forever for more.
      if (!(await stat(source)).isFile()) continue;
      for await (const row of readRows([source], silent)) {
        if (!wanted.delete(row.line)) continue;
        if (!isProblem(row)) yield { place: rowPlace(row), row };
        if (wanted.size === 0) break;
      }
    } catch {
      // The file is gone: its rows have no text.
    }
  }
}
