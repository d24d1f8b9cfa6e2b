/** Reads texts as sources: through standard input's place, in chunks of any size, or as files with a name. */
import { type Entry, isProblem } from "../../lib/data/formats/entry.ts";
import { readRows, readSource } from "../../lib/data/formats/rows.ts";
import type { TextSource } from "../../lib/data/formats/text.ts";
import {
  type DataOptions,
  dataOptionsSchema,
  type ReadingRules,
  type RowWarning,
} from "../../lib/config/data_shape.ts";

export type Some = Partial<DataOptions>;

/** All options: `some`, and defaults. */
export function options(some: Some = {}): DataOptions {
  return dataOptionsSchema.parse(some);
}

export function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? new TextEncoder().encode(text) : text;
}

/** `bytes` in pieces of `size`. */
export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, void> {
  for (let start = 0; start < bytes.length; start += size) {
    // A turn of the event loop, as between chunks of a real stream.
    await Promise.resolve();
    yield bytes.slice(start, start + size);
  }
}

/** The entries of `content`, read in chunks of `size` bytes. */
export async function read(content: string | Uint8Array, some: Some = {}, size = 1 << 16): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of readRows(["-"], options(some), pieces(bytesOf(content), size))) entries.push(entry);
  return entries;
}

/** The same by `rules`, and with what is warned of. */
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

/** What an entry says, without its source: `[line, label, text or tokens]`, or `[line, problem]`. */
export function brief(entry: Entry): readonly unknown[] {
  if (isProblem(entry)) return [entry.line, entry.problem];
  return [entry.line, entry.label, "text" in entry ? entry.text : entry.tokens];
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

/**
 * The entries of `text` when it reaches the reader in chunks of these sizes, in characters, again and again. (A real
 * source's first chunk is the head by which its format is recognised, 64 KiB at least.)
 */
export async function readSplit(
  text: string,
  sizes: readonly number[],
  some: Some = {},
): Promise<(readonly unknown[])[]> {
  const all = text.replace(/^\uFEFF/, "");
  const source: TextSource = {
    name: "-",
    head: all,
    headIsAll: true,
    damaged: () => false,
    digest: () => undefined,
    async *chunks() {
      for (let start = 0, index = 0; start < all.length; index++) {
        const end = start + sizes[index % sizes.length]!;
        yield await Promise.resolve(all.slice(start, end));
        start = end;
      }
    },
  };
  const entries: Entry[] = [];
  for await (const batch of readSource(source, options(some))) entries.push(...batch);
  return entries.map(brief);
}

/** Calls `body` with a folder that holds `files`, gone afterwards. */
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
