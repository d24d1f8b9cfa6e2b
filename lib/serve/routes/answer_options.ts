/** Reads the options that a request sets for its answers: `reject`, by the schema of the run's own option, and `top`. */
import { z } from "@hono/zod-openapi";
import { describe } from "../../base/printable.ts";
import { inputError } from "../../base/errors.ts";
import { expectation } from "../../config/resolve.ts";
import { fileShape } from "../../config/schema.ts";

const rejectNumber = fileShape.reject.unwrap();
const topNumber = z.int().min(1).max(100_000);

/** For the OpenAPI document. */
export const rejectSchema: z.ZodType = z.unknown().openapi({
  type: "number",
  minimum: rejectNumber.minValue ?? 0,
  maximum: rejectNumber.maxValue ?? 1,
  description: "Share of the answers that must be right: rows below the threshold for it get the label null. " +
    "0 answers all rows; without it, the model decides",
});

/** For the OpenAPI document. */
export const topSchema: z.ZodType = z.unknown().openapi({
  type: "integer",
  minimum: 1,
  description:
    "Lists this many of the most probable labels in each prediction, as `top`, in place of all `probabilities`",
});

/** Returns the precision at `field`; undefined if there is none. Throws an InputError if it is no such precision. */
export function readReject(value: unknown, field: string): number | undefined {
  return read(rejectNumber, value, field);
}

/** Returns the number of labels at `field`; undefined if there is none. Throws an InputError if it is no such number. */
export function readTop(value: unknown, field: string): number | undefined {
  return read(topNumber, value, field);
}

function read(schema: z.ZodType<number>, value: unknown, field: string): number | undefined {
  if (value === undefined) return undefined;
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw inputError(field, `${field} is ${describe(value)}: ${expectation(error.issues[0]!)}`);
}
