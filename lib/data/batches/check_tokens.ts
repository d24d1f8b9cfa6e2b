import { counted } from "../../base/counted.ts";
import type { Problem } from "../../base/errors.ts";
import { describe } from "../../base/printable.ts";

/** The vocabulary and the length that sequences must have. */
export interface SequenceShape {
  readonly vocabulary: number;
  readonly length: number;
}

/**
 * Returns the problem of `value` as a sequence of tokens: not a list, a wrong length, or the first token that is not a
 * whole number from 0 to vocabulary - 1. `field` names it in the message: `tokens`, `instances[2]`, `line 3`.
 */
export function sequenceProblem(value: unknown, shape: SequenceShape, field: string): Problem | undefined {
  // A function: formatting a number would cost as much as a thirtieth of a prediction.
  const list = () => `a list of ${counted(shape.length, "token")}`;
  if (!Array.isArray(value)) return { field, message: `${field} is ${describe(value)}: expected ${list()}` };
  if (value.length !== shape.length) {
    return { field, message: `${field} has ${counted(value.length, "token")}: expected ${list()}` };
  }
  const index = value.findIndex((token) => !Number.isInteger(token) || token < 0 || token >= shape.vocabulary);
  if (index < 0) return undefined;
  const item = `${field}[${index}]`;
  const wanted = `a whole number from 0 to ${shape.vocabulary - 1}`;
  return { field: item, message: `${item} is ${describe(value[index])}: expected ${wanted}` };
}
