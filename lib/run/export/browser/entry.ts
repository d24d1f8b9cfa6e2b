/**
 * Exports what `predict.js` of each exported model uses beside the library that computes the LSTM. It is bundled, with all
 * that it imports, to reading.gen.js: see package/exported.ts.
 */
import { errorMessage } from "../../../base/errors.ts";
import { bytesAt, urlOf } from "../../../standalone/files.ts";
import type { ReadFile } from "./questions.ts";

export { InputError } from "../../../base/errors.ts";
export { MOST_ROWS_OF_VECTOR } from "../../../data/batches/batch.ts";
export { wordRows } from "../../../data/batches/letter_rows.ts";
export { UNKNOWN } from "../../../data/vocabulary/vocabulary.ts";
export { composeVector } from "../../../model/word_vectors.ts";
export { inBatches, putRows } from "./batches.ts";
export { openQuestions } from "./questions.ts";

/** Returns the function that reads the files of a folder, by its address or its path. */
export function openFolder(folder: string | URL): ReadFile {
  const base = urlOf(folder);
  if (base && !base.pathname.endsWith("/")) base.pathname += "/";
  return async (name) => {
    const place = base ? new URL(name, base) : `${folder}/${name}`;
    try {
      return new Uint8Array(await bytesAt(place));
    } catch (error) {
      throw new Error(`Cannot load ${place}: ${errorMessage(error)}`, { cause: error });
    }
  };
}
