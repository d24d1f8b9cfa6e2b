/** Reads the options that a program passes. A program without types may pass any. */
import { InputError, inputError } from "../base/errors.ts";
import { byteSize } from "../base/numbers/byte_size.ts";
import { describe } from "../base/printable.ts";

/** Returns the values that are given. Throws an InputError with all that `refusal` refuses. */
export function givenValues(
  given: object,
  refusal: (key: string) => string | undefined,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  const problems = entries.flatMap(([field]) => {
    const message = refusal(field);
    return message === undefined ? [] : [{ field, message }];
  });
  if (problems.length > 0) throw new InputError(problems);
  return Object.fromEntries(entries);
}

/** Returns the bytes of a size, a number or a text such as 300kB; undefined without one. Throws an InputError. */
export function bytesOf(size: unknown): number | undefined {
  if (size === undefined) return undefined;
  const bytes = typeof size === "string" ? byteSize(size) : size;
  if (typeof bytes === "number" && bytes >= 1 && Number.isFinite(bytes)) return Math.floor(bytes);
  throw inputError("size", `size is ${describe(size)}: expected bytes, or a text such as "300kB" or "1MB"`);
}
