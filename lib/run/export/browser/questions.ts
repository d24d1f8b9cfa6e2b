/**
 * Reads the questions to an exported model and makes its answers: all but the LSTM, which another library computes. Texts,
 * fields and n-grams are read as by all other predictions of this program.
 */
import { errorMessage, inputError } from "../../../base/errors.ts";
import { describe } from "../../../base/printable.ts";
import { isRecord } from "../../../base/record.ts";
import { createPreprocessing, preprocessingShape } from "../../../data/encode/preprocessing.ts";
import { isNumber } from "../../../formats/json_digits.ts";
import { decodeSafetensors } from "../../../model/formats/safetensors.ts";
import type { Rejection } from "../../../model/rejection.ts";
import type { ModelSpec } from "../../../model/spec.ts";
import { createCombiner } from "../../../ngrams/combine.ts";
import { prediction, shownAnswer, thresholdsFor } from "../../../standalone/answers.ts";
import { ngramNumbersShape, ngramsOf } from "../../../standalone/ngram_tensors.ts";
import { openTokenizer } from "../../../standalone/open_tokenizer.ts";
import { createReader } from "../../../standalone/reader.ts";
import { joinSequences, joinUnknown, openReading, type Reading } from "../../../standalone/readings.ts";
import type { Input, Prediction } from "../../../standalone/types.ts";

/** Returns the contents of a file. */
export type ReadFile = (name: string) => Promise<Uint8Array<ArrayBuffer>>;

/** The parts of `lockstep.json` that are read here. */
interface About {
  readonly labels: readonly string[];
  readonly model: Pick<ModelSpec, "vocabulary" | "labels">;
  readonly config: { readonly length: number };
  readonly preprocessingDigest?: string;
  readonly ngrams?: unknown;
  readonly rejection?: Rejection;
  /** `[labels]`, where a row may have several. */
  readonly thresholds?: readonly number[];
}

interface Asked {
  readonly rows: readonly Reading[];
  /** Returns one answer, or a list, by the probabilities of the LSTM for each row. */
  readonly answers: (lstm: readonly Float32Array[]) => Partial<Prediction> | Partial<Prediction>[];
}

interface Questions {
  readonly about: About;
  /** Returns the token ids of a row, for models of files. */
  readonly encode: ((input: unknown) => Int32Array) | undefined;
  /** Throws an InputError for an input that the model does not take, and if it does not reach the precision `reject`. */
  readonly ask: (input: unknown, options?: { readonly reject?: number; readonly top?: number }) => Asked;
}

/** Opens an exported folder. */
export async function openQuestions(readFile: ReadFile): Promise<Questions> {
  const json = async (name: string) => JSON.parse(new TextDecoder().decode(await readFile(name)));
  const about: About = await json("lockstep.json");
  const { labels, model: spec, config } = about;
  const saved = about.preprocessingDigest === undefined
    ? undefined
    : preprocessingShape(await json("preprocessing.json"), "preprocessing");
  const numbers = about.ngrams === undefined ? undefined : ngramNumbersShape(about.ngrams, "ngrams");
  const tensors = numbers && decodeSafetensors(await readFile("ngrams.safetensors")).tensors;
  const several = spec.labels === "many";
  const shape = { classes: labels.length, ...several && { labels: "many" as const } };
  const combine = numbers && tensors && createCombiner(ngramsOf(tensors, numbers, shape, saved));
  const reader = createReader({ vocabulary: spec.vocabulary, length: config.length }, saved);
  const read = openReading(saved && createPreprocessing(saved, await openTokenizer(saved)));
  const known = saved?.tokenizer.kind === "codes" && !saved.columns ? new Set(saved.vocabulary) : undefined;

  /** Tells whether a list is one row, not a list of rows: numbers, or the codes of a model of codes. */
  function isRow(list: readonly unknown[]): boolean {
    if (list.length === 0 || reader.columns) return false;
    if (list.every(isNumber)) return true;
    if (!known || !list.every((token) => typeof token === "string" || isNumber(token))) return false;
    const text = list.find((token) => /\s/.test(String(token)) && !known.has(String(token)));
    if (text === undefined) return true;
    const wanted = "expected { tokens: [...] } for a row, or a list of { text }";
    throw inputError("input", `input is a list of strings with ${describe(text)}: ${wanted}`);
  }

  /** Returns `value` as the model reads it. Throws an InputError that calls it `name` if it is no input. */
  function rowOf(value: unknown, name: string): Reading {
    if (typeof value === "string") return reading(reader.readText(value, name), name);
    if (reader.columns) return reading(reader.readFields(value, name), name);
    if (ArrayBuffer.isView(value)) return idsOf(value, name);
    if (Array.isArray(value)) {
      if (!saved || known || value.length === 0 || !value.every(isNumber)) return tokensOf(value, name);
      throw inputError(name, `${name} is a list of numbers: expected { ids } or { tokens }, by name`);
    }
    const [[key, content] = [], ...more] = isRecord(value) ? Object.entries(value) : [];
    if (more.length > 0 || key !== "text" && key !== "ids" && key !== "tokens") {
      throw inputError(name, `${name} is ${describe(value)}: expected a text, or a list of at least one token`);
    }
    const field = `${name}.${key}`;
    if (key === "text") return reading(reader.readText(content, field), field);
    return key === "ids" ? idsOf(content, field) : tokensOf(content, field);
  }

  function reading(input: Input, name: string): Reading {
    try {
      return read(input);
    } catch (error) {
      throw inputError(name, `${name} cannot be cut into tokens: ${errorMessage(error)}`);
    }
  }

  function tokensOf(value: unknown, name: string): Reading {
    return saved ? reading(reader.readTokens(value, name), name) : idsOf(value, name);
  }

  /** Reads token ids, as many as there are: an exported LSTM reads any length. */
  function idsOf(value: unknown, name: string): Reading {
    const ids: unknown[] = Array.isArray(value) ? value : isIds(value) ? Array.from(value) : [];
    if (ids.length === 0) throw inputError(name, `${name} is ${describe(value)}: expected at least one token id`);
    const wrong = ids.findIndex((id) => !Number.isInteger(id) || Number(id) < 0 || Number(id) >= spec.vocabulary);
    if (wrong < 0) return { tokens: ids.map(Number) };
    const wanted = `a token id, a whole number from 0 to ${spec.vocabulary - 1}`;
    throw inputError(name, `${name}[${wrong}] is ${describe(ids[wrong])}: expected ${wanted}`);
  }

  /** Returns the answer of a row by the probabilities of the LSTM, which are replaced by those of both. */
  function combined({ tokens, unknown, flags }: Reading, probabilities: Float32Array) {
    combine?.(probabilities, { ...joinSequences([tokens]), ...unknown && { unknown: joinUnknown([unknown], 1) } }, 0);
    return { probabilities, flags: flags ? [flags] : [] };
  }

  return {
    about,
    encode: saved && ((input) => Int32Array.from(rowOf(input, "input").tokens)),
    ask(input, { reject, top } = {}) {
      const options = { top, ...thresholdsFor({ several, ...about }, reject) };
      const list = Array.isArray(input) && !isRow(input) ? input : undefined;
      const rows = list ? list.map((one, index) => rowOf(one, `inputs[${index}]`)) : [rowOf(input, "input")];
      return {
        rows,
        answers(lstm) {
          const answers = rows.map((row, at) => shownAnswer(prediction(combined(row, lstm[at]!), 0, labels, options)));
          return list ? answers : answers[0]!;
        },
      };
    },
  };
}

function isIds(value: unknown): value is Int32Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
