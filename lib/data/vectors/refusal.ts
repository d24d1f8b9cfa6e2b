import { InputError } from "../../base/errors.ts";
import { quotedSource } from "../../formats/bytes.ts";

/** Limits the width of vectors: that of an embedding. */
export const MOST_WIDTH = 2048;

/** Creates the error that refuses a file of vectors: `Cannot use "glove.txt" as vectors: line 18 has 99 values, …`. */
export function cannotUse(path: string, why: string): InputError {
  return new InputError([{ field: "vectors", message: `Cannot use ${quotedSource(path)} as vectors: ${why}` }]);
}
