/** What the examples make their data with: choices that are the same every time. */
import { Random } from "../lib/base/random.ts";

export interface Draw {
  /** A whole number from 0 to `count - 1`. */
  below(count: number): number;
  /** True with probability `share`. */
  chance(share: number): boolean;
  one<Item>(items: readonly Item[]): Item;
  /** `text` with every `{name}` replaced by one of `words[name]`, and of every `[a|b|c]` one alternative kept. */
  fill(text: string, words: Readonly<Record<string, readonly string[]>>): string;
}

export function createDraw(seed: number): Draw {
  const random = new Random(seed, 1);
  const below = (count: number) => random.below(count);
  const one = <Item>(items: readonly Item[]) => items[below(items.length)]!;
  return {
    below,
    chance: (share) => random.uniform() < share,
    one,
    fill: (text, words) =>
      text
        .replace(/\[([^\]]*)\]/g, (_, alternatives: string) => one(alternatives.split("|")))
        .replace(/\{(\w+)\}/g, (_, name: string) => one(words[name] ?? [name])),
  };
}

/** Writes `text` to standard output, all of it. */
export async function print(text: string): Promise<void> {
  await new Blob([text]).stream().pipeTo(Deno.stdout.writable, { preventClose: true });
}

/** One field of a CSV row, quoted where it has to be (RFC 4180). */
export function csv(...fields: readonly string[]): string {
  return fields.map((field) => /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field).join(",") + "\n";
}
