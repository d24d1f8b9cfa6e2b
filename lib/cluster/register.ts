import type { z } from "zod";

/** Characters of the longest register that is read. */
const MAX_LENGTH = 64 * 1024;

/** What a register holds, or nothing where it is not of `schema`: anybody who may write there may have written it. */
export function parseRegister<Schema extends z.ZodType>(schema: Schema, value: string): z.infer<Schema> | undefined {
  if (value.length > MAX_LENGTH) return undefined;
  try {
    return schema.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}
