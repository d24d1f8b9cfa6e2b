/** Reads texts as sources: as standard input in chunks of any size, or as files. */
import type { ReadingRules } from "../../lib/base/normal_form.ts";
import { type Entry, inputOf, isProblem } from "../../lib/formats/entry.ts";
import { openSource, readRows } from "../../lib/formats/rows.ts";
import { type DataOptions, dataOptionsSchema } from "../../lib/config/data_shape.ts";
import type { RowWarning } from "../../lib/formats/read_options.ts";

export type Some = Partial<DataOptions>;

/** Completes `some` options with defaults. */
export function options(some: Some = {}): DataOptions {
  return dataOptionsSchema.parse(some);
}

export function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? new TextEncoder().encode(text) : text;
}

/** Returns `bytes` in pieces of `size`. */
export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, void> {
  for (let start = 0; start < bytes.length; start += size) {
    // The event loop gets a turn, as between chunks of a real stream.
    await Promise.resolve();
    yield bytes.slice(start, start + size);
  }
}

/** Reads the entries of `content` in chunks of `size` bytes. */
export async function read(content: string | Uint8Array, some: Some = {}, size = 1 << 16): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of readRows(["-"], options(some), pieces(bytesOf(content), size))) entries.push(entry);
  return entries;
}

/** Reads the entries by `rules`, and returns the warnings as well. */
export async function readBy(
  content: string | Uint8Array,
  some: Some = {},
  rules?: ReadingRules,
): Promise<{ readonly entries: Entry[]; readonly warnings: RowWarning[] }> {
  const warnings: RowWarning[] = [];
  const reading = {
    ...options(some),
    ...rules && { rules },
    warn: (warning: RowWarning) => void warnings.push(warning),
  };
  const entries: Entry[] = [];
  for await (const entry of readRows(["-"], reading, pieces(bytesOf(content), 1 << 16))) entries.push(entry);
  return { entries, warnings };
}

/** Returns an entry without its source: `[line, label, text or tokens]`, or `[line, problem]`. */
export function brief(entry: Entry): readonly unknown[] {
  if (isProblem(entry)) return [entry.line, entry.problem];
  return [entry.line, entry.label, inputOf(entry)];
}

export async function briefBy(content: string, some: Some, rules?: ReadingRules): Promise<(readonly unknown[])[]> {
  return (await readBy(content, some, rules)).entries.map(brief);
}

export async function readBrief(
  content: string | Uint8Array,
  some: Some = {},
  size?: number,
): Promise<(readonly unknown[])[]> {
  return (await read(content, some, size)).map(brief);
}

/** Returns the entries of `text` if it is read in chunks of `sizes` bytes, again and again, and is recognized as a whole. */
export async function readSplit(
  text: string,
  sizes: readonly number[],
  some: Some = {},
): Promise<(readonly unknown[])[]> {
  const all = bytesOf(text);
  const reader = openSource({
    name: "-",
    head: all,
    headIsAll: true,
    wait: "head",
    digest: () => undefined,
    async *chunks() {
      for (let start = 0, index = 0; start < all.length; index++) {
        const end = start + sizes[index % sizes.length]!;
        yield await Promise.resolve(all.subarray(start, end));
        start = end;
      }
    },
  }, options(some));
  const entries: Entry[] = [];
  for await (const batch of reader.batches()) entries.push(...batch);
  return entries.map(brief);
}

/** Calls `body` with a folder that contains `files`, and deletes it afterwards. */
export async function withFiles(
  files: Readonly<Record<string, string | Uint8Array>>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) await Deno.writeFile(`${folder}/${name}`, bytesOf(content));
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
