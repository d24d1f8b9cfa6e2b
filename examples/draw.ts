/** Draws the random choices of the examples, which are the same every time. */
import { Random } from "../lib/base/numbers/random.ts";

export interface Draw {
  /** Draws a whole number from 0 to `count - 1`. */
  below(count: number): number;
  /** Is true with probability `share`. */
  chance(share: number): boolean;
  one<Item>(items: readonly Item[]): Item;
  /** Replaces every `{name}` in `text` by one of `words[name]`, and every `[a|b|c]` by one alternative. */
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

/** Writes all of `text` to standard output. */
export async function print(text: string): Promise<void> {
  await new Blob([text]).stream().pipeTo(Deno.stdout.writable, { preventClose: true });
}

/** Formats a CSV row, with quotes where RFC 4180 requires them. */
export function csv(...fields: readonly string[]): string {
  return fields.map((field) => /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field).join(",") + "\n";
}
