/** Reads registers safely: any client with access may have written many, long ones, of any content. */
import type { z } from "zod";

/** Limits a register. Brokers reject longer ones, and machines ignore those that exist. */
export const MAX_REGISTER_BYTES = 64 * 1024;
/** Limits the registers that a broker keeps. */
export const MAX_REGISTERS = 10_000;
/** Limits the registers that one scan reads besides the requested ones. */
export const MAX_OTHERS = 32;

/** Parses the value of a register. Returns undefined if it does not match `schema`. */
export function parseRegister<Schema extends z.ZodType>(schema: Schema, value: string): z.infer<Schema> | undefined {
  if (value.length > MAX_REGISTER_BYTES) return undefined;
  try {
    return schema.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}

/** Selects some of many registers for each scan, in turn, so that each is read eventually. */
export class RoundRobin {
  #last = "";

  /** Returns at most `MAX_OTHERS` of `keys`: those that follow the selection of the previous call. */
  next(keys: readonly string[]): readonly string[] {
    if (keys.length <= MAX_OTHERS) return keys;
    const sorted = [...keys].sort();
    const start = Math.max(0, sorted.findIndex((key) => key > this.#last));
    const taken = [...sorted.slice(start), ...sorted.slice(0, start)].slice(0, MAX_OTHERS);
    this.#last = taken.at(-1) ?? "";
    return taken;
  }
}
