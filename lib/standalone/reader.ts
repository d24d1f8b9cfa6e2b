/** Checks the inputs of requests and lines by what the model was trained on. It does not cut texts into tokens. */
import { NEWEST_RULES } from "../base/normal_form.ts";
import { counted } from "../base/counted.ts";
import { MAX_ROW } from "../formats/entry.ts";
import type { PreprocessingJson } from "../data/encode/preprocessing.ts";
import { isNumber } from "../formats/json_digits.ts";
import { describe, shortened } from "../base/printable.ts";
import { inputError, Problems } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";
import { type Column, EXPECTED, type FieldValue, fieldValue, formOf } from "../formats/columns.ts";
import type { Reader } from "./types.ts";

/** The vocabulary and the length that sequences must have. */
interface SequenceShape {
  readonly vocabulary: number;
  readonly length: number;
}

/**
 * The most characters in a request's text that a tokenizer of Hugging Face cuts: it takes seconds for a megabyte, which
 * would block all other predictions. Other texts may have this many without white space, because they are cut between
 * white space. There are no other limits here: a line or row has at most MAX_ROW characters, and the size of a request's
 * body is limited.
 */
export const MOST_IN_REQUEST = 65_536;

/** Creates the reader of a model. `served` says that its inputs are read between those of others, which must not wait for long. */
export function createReader(
  shape: SequenceShape,
  preprocessing: PreprocessingJson | undefined,
  { served = false } = {},
): Reader {
  if (!preprocessing) return idReader(shape);
  const isSlow = preprocessing.tokenizer.kind === "huggingface";
  const most = served && isSlow ? MOST_IN_REQUEST : MAX_ROW;
  const texts = textReader(preprocessing, most, served ? MOST_IN_REQUEST : MAX_ROW);
  return preprocessing.columns ? fieldReader(preprocessing.columns, texts) : texts;
}

/** Creates the reader of a model of several columns; `texts` checks those of texts. */
function fieldReader(columns: readonly Column[], texts: Reader): Reader {
  const form = formOf(columns);
  const refuse = (value: unknown, field: string) =>
    inputError(field, `${field} is ${describe(value)}: expected an object such as ${form}`);
  return {
    text: true,
    rules: texts.rules,
    columns,
    readTokens(value, field) {
      throw refuse(value, field);
    },
    readText(value, field) {
      throw refuse(value, field);
    },
    readFields(value, field) {
      if (!isRecord(value)) throw refuse(value, field || "body");
      const problems = new Problems();
      const nameOf = (name: string) => field === "" ? name : `${field}.${name}`;
      const add = (name: string, message: string) => problems.add(() => ({ field: shortened(name), message }));
      for (const key of Object.keys(value)) {
        if (columns.some(({ name }) => name === key)) continue;
        const name = shortened(nameOf(key));
        add(name, `${name} is not known: expected fields as in ${form}`);
      }
      const fields = columns.map(({ name, kind }): FieldValue => {
        const given = Object.hasOwn(value, name) ? value[name] : undefined;
        const read = fieldValue(kind, given);
        if (read === undefined) add(nameOf(name), `${nameOf(name)} is ${describe(given)}: expected ${EXPECTED[kind]}`);
        else if (typeof read === "string") texts.readText(read, nameOf(name));
        return read ?? null;
      });
      problems.check();
      return { fields };
    },
  };
}

/** Creates the reader of a generated task: ids, always the same number. */
function idReader(shape: SequenceShape): Reader {
  return {
    text: false,
    rules: NEWEST_RULES,
    readTokens(value, field) {
      return checkedIds(value, shape, field);
    },
    readText(_, field) {
      throw inputError(field, `${field} is a text: expected tokens, as this model was not trained on text`);
    },
    readFields(value, field) {
      return this.readTokens(value, field);
    },
  };
}

/**
 * Returns `value` if it is a sequence of token ids. Otherwise throws an InputError: not a list, a wrong length, or the first
 * token that is not a whole number from 0 to vocabulary - 1. `field` names it in the message: `tokens`, `instances[2]`.
 */
function checkedIds(value: unknown, shape: SequenceShape, field: string): readonly number[] {
  // A function: formatting a number would cost as much as a thirtieth of a prediction.
  const list = () => `a list of ${counted(shape.length, "token")}`;
  if (!Array.isArray(value)) throw inputError(field, `${field} is ${describe(value)}: expected ${list()}`);
  if (value.length !== shape.length) {
    throw inputError(field, `${field} has ${counted(value.length, "token")}: expected ${list()}`);
  }
  const index = value.findIndex((token) => !Number.isInteger(token) || token < 0 || token >= shape.vocabulary);
  if (index < 0) return value;
  const item = `${field}[${index}]`;
  throw inputError(
    item,
    `${item} is ${describe(value[index])}: expected a whole number from 0 to ${shape.vocabulary - 1}`,
  );
}

/** Creates the reader of a model trained on files. A text has at most `most` characters, and `mostTogether` without white space. */
function textReader(
  { maxLength, truncate, rules = 1 }: PreprocessingJson,
  most: number,
  mostTogether: number,
): Reader {
  return {
    text: true,
    rules,
    readFields(value, field) {
      return this.readTokens(value, field);
    },
    readTokens(value, field) {
      if (!Array.isArray(value) || value.length === 0) {
        throw inputError(field, `${field} is ${describe(value)}: expected a list of at least one token`);
      }
      const at = value.findIndex((token) => typeof token !== "string" && !isNumber(token));
      if (at >= 0) throw inputError(field, `${field}[${at}] is ${describe(value[at])}: expected a text or a number`);
      // One token more than the model reads shows that the input was longer.
      const read = truncate === "end" ? value.slice(0, maxLength + 1) : value.slice(-maxLength - 1);
      return read.map(String);
    },
    readText(value, field) {
      if (typeof value !== "string") throw inputError(field, `${field} is ${describe(value)}: expected a text`);
      if (value.length > most) {
        throw inputError(
          field,
          `${field} has ${counted(value.length, "character")}: expected at most ${most.toLocaleString("en-US")}`,
        );
      }
      if (hasLongStretch(value, mostTogether)) {
        throw inputError(
          field,
          `${field} has more than ${counted(mostTogether, "character")} without white space: expected some`,
        );
      }
      return value;
    },
  };
}

/** Returns whether `text` has more than `most` characters in a row without white space. */
function hasLongStretch(text: string, most: number): boolean {
  for (let begin = 0; text.length - begin > most;) {
    let end = begin + most;
    while (end >= begin && !/\s/.test(text[end]!)) end--;
    if (end < begin) return true;
    begin = end + 1;
  }
  return false;
}
