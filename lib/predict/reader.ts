/** Checks what requests and lines ask about: how depends on what the model was trained on. Nothing is cut into tokens here. */
import { counted } from "../base/counted.ts";
import { NEWEST_RULES } from "../config/data_shape.ts";
import { MAX_ROW } from "../data/formats/entry.ts";
import type { PreprocessingJson } from "../data/encode/preprocessing.ts";
import { isNumber } from "../data/json_digits.ts";
import { describe, sequenceProblem, type SequenceShape } from "../data/batches/check_tokens.ts";
import { InputError } from "../base/errors.ts";
import type { Input, Reader } from "./types.ts";

/**
 * Characters of a request's text at most, where a tokenizer of Hugging Face cuts it: that takes seconds for a megabyte,
 * which would hold up all other predictions. Other texts have that many without white space at most, since they are cut from
 * white space to white space. Nothing else has a limit of its own: a line or row has MAX_ROW characters at
 * most, and a request is as long as its body may be.
 */
export const MOST_IN_REQUEST = 65_536;

/** `served`: requests are read in between others, which may not wait for long. */
export function createReader(
  shape: SequenceShape,
  preprocessing: PreprocessingJson | undefined,
  { served = false } = {},
): Reader {
  if (!preprocessing) return idReader(shape);
  const isSlow = preprocessing.tokenizer.kind === "huggingface";
  return textReader(preprocessing, served && isSlow ? MOST_IN_REQUEST : MAX_ROW, served ? MOST_IN_REQUEST : MAX_ROW);
}

/** The ids that an input is to a model without a vocabulary, whose reader lets nothing else pass. */
export function idsOf(input: Input): readonly number[] {
  return input as readonly number[];
}

/** Of a task that generates its own tokens: ids, always as many. */
function idReader(shape: SequenceShape): Reader {
  return {
    text: false,
    rules: NEWEST_RULES,
    readTokens(value, field) {
      const problem = sequenceProblem(value, shape, field);
      if (problem) throw new InputError([problem]);
      return value as readonly number[];
    },
    readText(_, field) {
      throw wrong(field, `${field} is a text: expected tokens, as this model was not trained on text`);
    },
  };
}

/** Of a model that was trained on files. Texts have `most` characters, and no more than `mostTogether` without white space, where they are cut. */
function textReader(
  { maxLength, truncate, rules = 1 }: PreprocessingJson,
  most: number,
  mostTogether: number,
): Reader {
  return {
    text: true,
    rules,
    readTokens(value, field) {
      if (!Array.isArray(value) || value.length === 0) {
        throw wrong(field, `${field} is ${describe(value)}: expected a list of at least one token`);
      }
      const at = value.findIndex((token) => typeof token !== "string" && !isNumber(token));
      if (at >= 0) throw wrong(field, `${field}[${at}] is ${describe(value[at])}: expected a text or a number`);
      // One more than is read says that there are more.
      const read = truncate === "end" ? value.slice(0, maxLength + 1) : value.slice(-maxLength - 1);
      return read.map(String);
    },
    readText(value, field) {
      if (typeof value !== "string") throw wrong(field, `${field} is ${describe(value)}: expected a text`);
      if (value.length > most) {
        throw wrong(
          field,
          `${field} has ${counted(value.length, "character")}: expected at most ${most.toLocaleString("en-US")}`,
        );
      }
      if (hasLongStretch(value, mostTogether)) {
        throw wrong(
          field,
          `${field} has more than ${counted(mostTogether, "character")} without white space: expected some`,
        );
      }
      return value;
    },
  };
}

/** Whether `text` has more than `most` characters without white space among them. */
function hasLongStretch(text: string, most: number): boolean {
  for (let begin = 0; text.length - begin > most;) {
    let end = begin + most;
    while (end >= begin && !/\s/.test(text[end]!)) end--;
    if (end < begin) return true;
    begin = end + 1;
  }
  return false;
}

function wrong(field: string, message: string): InputError {
  return new InputError([{ field, message }]);
}
