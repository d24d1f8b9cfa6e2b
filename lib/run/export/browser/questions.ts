/**
 * Reads the questions to an exported model and makes its answers: all but the LSTM, which another library computes. Exported
 * models run this file in browsers: plain JavaScript without its types.
 */
import { createTextEncoder } from "../../../data/encode/text_encoder.ts";
import type { UnknownTokens } from "../../../data/batches/table.ts";
import { plainTokenizer } from "../../../data/tokenizers/plain_tokenizers.ts";
import type { TokenizerJson } from "../../../data/tokenizers/schema.ts";
import { hasLetters, type Tokenizer } from "../../../data/tokenizers/tokenizer.ts";
import { keysOfVocabulary, type TokenKeys } from "../../../data/vocabulary/token_keys.ts";
import { Vocabulary } from "../../../data/vocabulary/vocabulary.ts";
import { answerOf, type Rejection, type RowAnswer, thresholdFor } from "../../../model/rejection.ts";
import { type Combiner, createCombiner } from "../../../ngrams/combine.ts";
import type { NgramSpace } from "../../../ngrams/features.ts";
import type { HashedModel, HashedSpace } from "../../../ngrams/hashed.ts";
import type { LinearModel } from "../../../ngrams/model.ts";
import { labelsAbove, usualThresholds } from "../../../model/thresholds.ts";
import { type RankedLabel, topLabels } from "../../../standalone/top_labels.ts";
import type { ReadFile } from "./folder.ts";

/** Creates a tokenizer of Hugging Face: see predict_module.ts. Models without one do not have it. */
declare const exactTokenizer: ((json: TokenizerJson) => Tokenizer) | undefined;

/** The parts of `lockstep.json` that are read here. */
interface About {
  readonly labels: readonly string[];
  readonly model: {
    readonly vocabulary: number;
    readonly letterRows?: number;
    readonly embedding: number;
    readonly labels?: "many";
  };
  readonly preprocessingDigest?: string;
  readonly ngrams?: LinearNumbers | HashedNumbers;
  readonly rejection?: Rejection;
  /** `[labels]`, where a row may have several. */
  readonly thresholds?: readonly number[];
}

interface LinearNumbers extends NgramSpace {
  readonly share: number;
  readonly exponent: number;
  readonly tokenColumns: number;
}

interface HashedNumbers extends HashedSpace {
  readonly share: number;
  readonly exponent?: undefined;
}

/** The parts of `preprocessing.json` that are read here. */
interface Reading {
  readonly tokenizer: TokenizerJson;
  readonly vocabulary: readonly string[];
  readonly maxLength: number;
  readonly truncate: "end" | "start";
  readonly rules?: 1 | 2;
}

/** A sequence of token ids. */
interface Row {
  readonly tokens: ArrayLike<number>;
  /** Keys of the unknown ones, of tokens by name. */
  readonly unknown?: TokenKeys;
  /** How tokens by name were read. */
  readonly flags?: { readonly unknownShare: number; readonly truncated: boolean };
}

interface Answer extends Partial<RowAnswer> {
  /** Those above their thresholds, in place of class and label, where a row may have several. */
  readonly labels?: readonly RankedLabel[];
  readonly probabilities: readonly number[];
  readonly top?: readonly RankedLabel[];
}

interface Asked {
  readonly rows: readonly Row[];
  /** Returns one answer, or a list, by the probabilities of the LSTM for each row. */
  readonly answers: (lstm: readonly Float32Array[]) => Answer | Answer[];
}

export interface Questions {
  readonly about: About;
  /** Returns the token ids of a text, or of a list of tokens by name. */
  readonly encode: ((input: string | readonly (string | number)[]) => Int32Array) | undefined;
  readonly ask: (input: unknown, options?: { readonly reject?: number; readonly top?: number }) => Asked;
}

/** Opens an exported folder. */
export async function openQuestions(readFile: ReadFile): Promise<Questions> {
  const json = async (name: string) => JSON.parse(new TextDecoder().decode(await readFile(name)));
  const about: About = await json("lockstep.json");
  const reading: Reading | undefined = about.preprocessingDigest && await json("preprocessing.json");
  const combine = about.ngrams && combinerOf(about.ngrams, await readFile("ngrams.safetensors"), about, reading);
  return createQuestions(about, reading, combine);
}

function createQuestions(about: About, reading: Reading | undefined, combine: Combiner | undefined): Questions {
  const kind = reading?.tokenizer.kind;
  const encode = reading && encoderOf(reading);
  const known = kind === "codes" ? new Set(reading!.vocabulary) : undefined;

  /** Tells whether a list is one row, not a list of rows: numbers, or the codes of a model of codes. */
  function isRow(list: readonly unknown[]): boolean {
    if (list.length === 0) return false;
    if (list.every(isNumber)) return true;
    if (!known || !list.every(isName)) return false;
    const text = list.find((token) => /\s/.test(String(token)) && !known.has(String(token)));
    if (text === undefined) return true;
    throw new TypeError(
      `The input is a list of strings with ${
        shownValue(text)
      }: expected { tokens: [...] } for a row, or a list of { text }`,
    );
  }

  /** Throws a TypeError that calls `value` `name` if it is no question. */
  function rowOf(value: unknown, name: string): Row {
    if (typeof value === "string") {
      if (!encode) throw new TypeError(`${name} is a text: this model takes token ids`);
      if (kind !== "huggingface" || exactTokenizer) return encode(value);
      throw new TypeError(
        `${name} is a text: this model takes tokens by name or token ids: its run is old, and its tokenizer is one that only ` +
          "Lockstep has",
      );
    }
    if (isIds(value)) return idsOf(value, name);
    if (Array.isArray(value)) {
      if (!encode) return idsOf(value, name);
      if (known || !value.every(isNumber)) return namesOf(value, name);
      if (value.length > 0) {
        throw new TypeError(`${name} is a list of numbers: expected { ids } or { tokens }, by name`);
      }
    }
    if (typeof value === "object" && value !== null) {
      const [[key, content] = [], ...more] = Object.entries(value);
      if (more.length === 0 && key === "text" && typeof content === "string") return rowOf(content, `${name}.text`);
      if (more.length === 0 && key === "ids" && Array.isArray(content)) return idsOf(content, `${name}.ids`);
      if (more.length === 0 && key === "ids" && isIds(content)) return idsOf(content, `${name}.ids`);
      if (more.length === 0 && key === "tokens" && Array.isArray(content)) {
        return encode ? namesOf(content, `${name}.tokens`) : idsOf(content, `${name}.tokens`);
      }
    }
    throw new TypeError(`${name} is ${shownValue(value)}: expected a text, or a list of at least one token`);
  }

  function namesOf(list: readonly unknown[], name: string): Row {
    if (list.length === 0) throw new TypeError(`${name} is []: expected a text, or a list of at least one token`);
    const wrong = list.findIndex((token) => !isName(token));
    if (wrong < 0) return encode!(list.map(String));
    throw new TypeError(
      `${name}[${wrong}] is ${shownValue(list[wrong])}: expected a token by name, a text or a number`,
    );
  }

  function idsOf(ids: ArrayLike<unknown>, name: string): Row {
    const tokens = Array.from(ids);
    if (tokens.length === 0) throw new TypeError(`${name} is []: expected at least one token id`);
    const size = about.model.vocabulary;
    const wrong = tokens.findIndex((id) => !(isNumber(id) && Number.isInteger(id) && id >= 0 && id < size));
    if (wrong < 0) return { tokens: tokens.map(Number) };
    const wanted = `a token id, a whole number from 0 to ${size - 1}`;
    throw new TypeError(`${name}[${wrong}] is ${shownValue(tokens[wrong])}: expected ${wanted}`);
  }

  return {
    about,
    encode: encode && ((input) => encode(input).tokens),
    ask(input, { reject, top = 0 } = {}) {
      const { rejection, labels, model, thresholds = usualThresholds(labels.length) } = about;
      const several = model.labels === "many";
      const threshold = reject === undefined ? rejection?.threshold ?? 0 : thresholdFor(rejection?.points, reject);
      const named = (probabilities: Float32Array) =>
        labelsAbove(probabilities, thresholds).map((k) => ({ label: labels[k]!, probability: probabilities[k]! }));
      const list = Array.isArray(input) && !isRow(input) ? input : undefined;
      const rows = list ? list.map((one, index) => rowOf(one, `Input ${index}`)) : [rowOf(input, "The input")];
      return {
        rows,
        answers(lstm) {
          const answers = rows.map((row, index): Answer => {
            const probabilities = lstm[index]!;
            combine?.(probabilities, ngramRow(row), 0);
            const listed = top > 0 && { top: topLabels(probabilities, labels, top) };
            return {
              ...several ? { labels: named(probabilities) } : answerOf(probabilities, labels, threshold),
              probabilities: [...probabilities],
              ...listed,
              ...row.flags,
            };
          });
          return list ? answers : answers[0]!;
        },
      };
    },
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isName(value: unknown): value is string | number {
  return typeof value === "string" || isNumber(value);
}

/** Typed arrays are token ids. */
function isIds(value: unknown): value is Int32Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function shownValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** Returns rows of which the only one is `row`. */
function ngramRow({ tokens, unknown }: Row): {
  readonly tokens: ArrayLike<number>;
  readonly offsets: readonly number[];
  readonly unknown?: UnknownTokens;
} {
  const offsets = [0, tokens.length];
  if (!unknown) return { tokens, offsets };
  return { tokens, offsets, unknown: { before: Uint32Array.of(0, unknown.offsets.length - 1), keys: unknown } };
}

/** Reads a text, or tokens by name. */
function encoderOf({ tokenizer, vocabulary, maxLength, truncate, rules }: Reading) {
  const cutter = tokenizer.kind === "huggingface"
    ? exactTokenizer?.(tokenizer) ?? { json: tokenizer, cut() {} }
    : plainTokenizer(tokenizer);
  const encode = createTextEncoder(cutter, new Vocabulary(vocabulary), { maxLength, truncate, rules });
  return (input: string | readonly (string | number)[]) => {
    const { tokens, unknown, ...flags } = encode(input);
    return { tokens, unknown, flags };
  };
}

/** Reads the n-grams that the LSTM is combined with: `bytes` are safetensors, and `numbers` say what they count as. */
function combinerOf(
  numbers: LinearNumbers | HashedNumbers,
  bytes: Uint8Array<ArrayBuffer>,
  { labels: { length: classes }, model: { labels } }: About,
  reading: Reading | undefined,
): Combiner {
  const { buffer } = bytes;
  const size = Number(new DataView(buffer).getBigUint64(0, true));
  const header: Record<string, { readonly data_offsets: readonly [number, number] }> = JSON.parse(
    new TextDecoder().decode(new Uint8Array(buffer, 8, size)),
  );
  const tensor = (name: string) => {
    const [begin, end] = header[name]!.data_offsets;
    return new Float32Array(buffer, 8 + size + begin, (end - begin) / 4);
  };
  const { share } = numbers;
  if (numbers.exponent === undefined) return createCombiner({ share, model: hashedOf(numbers, tensor, classes) });
  const { exponent } = numbers;
  return createCombiner({
    share,
    exponent,
    model: linearOf(numbers, tensor, { classes, ...labels && { labels } }, reading!),
  });
}

function linearOf(
  { order, hasEnds, tokenColumns }: LinearNumbers,
  tensor: (name: string) => Float32Array,
  shape: Pick<LinearModel, "classes" | "labels">,
  { vocabulary, tokenizer }: Reading,
): LinearModel {
  const halves = tensor("keys");
  return {
    space: { order, hasEnds },
    ...shape,
    vocabulary: keysOfVocabulary(vocabulary, hasLetters(tokenizer.kind)),
    keys: Uint32Array.from(
      { length: halves.length / 2 },
      (_, column) => 2 ** 16 * halves[2 * column]! + halves[2 * column + 1]!,
    ),
    tokenColumns,
    importance: tensor("importance"),
    weights: tensor("weights"),
    bias: tensor("bias"),
  };
}

function hashedOf(
  { order, tokens, features }: HashedNumbers,
  tensor: (name: string) => Float32Array,
  classes: number,
): HashedModel {
  const [known, counts, rows] = [tensor("features"), tensor("importance"), tensor("weights")];
  const importance = new Float32Array(features);
  const weights = new Float32Array(features * classes);
  known.forEach((feature, row) => {
    importance[feature] = counts[row]!;
    weights.set(rows.subarray(row * classes, (row + 1) * classes), feature * classes);
  });
  return { space: { order, tokens, features }, classes, importance, weights, bias: tensor("bias") };
}
