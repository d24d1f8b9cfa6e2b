/** Reads inputs as the model does, in the thread that predicts: it cuts texts into tokens and looks tokens up. */
import { openPreprocessing, type PreprocessingJson } from "../data/encode/preprocessing.ts";
import { idsOf } from "./reader.ts";
import type { Flags, Input } from "./types.ts";

/** An input as the model reads it. */
export interface Reading {
  readonly tokens: ArrayLike<number>;
  /** Only of a model with a vocabulary of its own. */
  readonly flags?: Flags;
}

/** Makes what reads the inputs of a model with `json`, or of one whose tokens are ids. Throws an InputError if it cannot be used. */
export function openReading(json: PreprocessingJson | undefined): (input: Input) => Reading {
  if (!json) return (input) => ({ tokens: idsOf(input) });
  const { encode } = openPreprocessing(json);
  return (input) => {
    const { tokens, ...flags } = encode(input);
    return { tokens, flags };
  };
}
