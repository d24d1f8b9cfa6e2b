/** Opens a saved preprocessing with any tokenizer, also of earlier versions. */
import { inputError } from "../../base/errors.ts";
import { ShapeError } from "../../base/shapes.ts";
import { createTokenizer } from "../tokenizers/create_tokenizer.ts";
import {
  createPreprocessing,
  type Preprocessing,
  type PreprocessingJson,
  preprocessingShape,
} from "./preprocessing.ts";

/** Creates the preprocessing that was saved as `json`. Throws an InputError if `json` is invalid. */
export function openPreprocessing(json: unknown): Preprocessing {
  const parsed = parsePreprocessing(json);
  return createPreprocessing(parsed, createTokenizer(parsed.tokenizer, parsed.rules ?? 1));
}

function parsePreprocessing(json: unknown): PreprocessingJson {
  try {
    return preprocessingShape(json, "preprocessing");
  } catch (error) {
    if (error instanceof ShapeError) throw inputError(error.field, error.message);
    throw error;
  }
}
