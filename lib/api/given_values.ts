/** Reads the options that a program passes. A program without types may pass any. */
import { InputError } from "../base/errors.ts";

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
