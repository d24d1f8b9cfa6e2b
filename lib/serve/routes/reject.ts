/** Reads the precision that a request wants, `reject`, by the schema of the run's own option. */
import { z } from "@hono/zod-openapi";
import { describe } from "../../base/printable.ts";
import { inputError } from "../../base/errors.ts";
import { expectation } from "../../config/resolve.ts";
import { fileShape } from "../../config/schema.ts";

const schema = fileShape.reject.unwrap();

/** For the OpenAPI document. */
export const rejectSchema: z.ZodType = z.unknown().openapi({
  type: "number",
  minimum: schema.minValue ?? 0,
  maximum: schema.maxValue ?? 1,
  description: "Share of the answers that must be right: rows below the threshold for it get the label null. " +
    "0 answers all rows; without it, the model decides",
});

/** Returns the value at `field`; undefined if there is none. Throws an InputError if it is no such precision. */
export function readReject(value: unknown, field: string): number | undefined {
  if (value === undefined) return undefined;
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw inputError(field, `${field} is ${describe(value)}: ${expectation(error.issues[0]!)}`);
}
