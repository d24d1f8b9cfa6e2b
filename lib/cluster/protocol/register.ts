/** Registers as anybody who may write there may have left them: many, long, and of any content. */
import type { z } from "zod";

/** Bytes of the longest register: a broker takes no longer ones, and of those that it has nothing is read. */
export const MAX_REGISTER = 64 * 1024;
/** Registers that a broker keeps. */
export const MOST_REGISTERS = 10_000;
/** Registers that nobody asked for by name, which a look reads at most. */
export const MOST_OTHERS = 32;

/** What a register holds, or nothing where it is not of `schema`. */
export function parseRegister<Schema extends z.ZodType>(schema: Schema, value: string): z.infer<Schema> | undefined {
  if (value.length > MAX_REGISTER) return undefined;
  try {
    return schema.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}

/** Those of many registers that are read next: some at each look, in turn, so that each is read at some time. */
export class Turn {
  #last = "";

  /** At most `count` of `keys`, which follow those of the call before. */
  next(keys: readonly string[], count = MOST_OTHERS): readonly string[] {
    if (keys.length <= count) return keys;
    const sorted = [...keys].sort();
    const start = Math.max(0, sorted.findIndex((key) => key > this.#last));
    const taken = [...sorted.slice(start), ...sorted.slice(0, start)].slice(0, count);
    this.#last = taken.at(-1) ?? "";
    return taken;
  }
}
