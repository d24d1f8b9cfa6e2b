/** The values of a command's own flags, checked by a schema. */
import type { z } from "zod";
import { flagName } from "./flags.ts";
import { expectation, shown } from "../../config/resolve.ts";
import { InputError } from "../../base/errors.ts";

/** `values` as `schema` has them. Throws an InputError that names every flag that is wrong. */
export function parseOptions<Schema extends z.ZodType>(
  schema: Schema,
  values: Readonly<Record<string, unknown>>,
): z.infer<Schema> {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new InputError(parsed.error.issues.map((issue) => {
    const key = String(issue.path[0] ?? "");
    const field = `--${flagName(key)}`;
    return { field, message: `${field} is ${shown(values[key])}: ${expectation(issue)}` };
  }));
}
