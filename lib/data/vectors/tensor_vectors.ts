/**
 * Reads vectors from a safetensors file: those of the tokens of the tokenizer.json beside it, as static models of sentences
 * (model2vec) have them, or of the words that the file itself names, as a run saves them.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { counted } from "../../base/counted.ts";
import { errorMessage } from "../../base/errors.ts";
import { shortJson } from "../../base/printable.ts";
import { headerLength, LENGTH_BYTES, parseHeader, type TensorEntry } from "../../base/safetensors_header.ts";
import { inTurns } from "../../base/turns.ts";
import { openTokenizer } from "../tokenizers/create_tokenizer.ts";
import { parseTokenizer } from "../tokenizers/huggingface/parse.ts";
import type { HuggingFaceJson } from "../tokenizers/schema.ts";
import { Spans, type Tokenizer } from "../tokenizers/tokenizer.ts";
import type { WordVectors } from "../vocabulary/choose_vocabulary.ts";
import { type CollectOptions, VectorCollector } from "./collect.ts";
import { cannotUse, MOST_WIDTH } from "./refusal.ts";

/** The file beside the vectors that names their tokens. */
export const TOKENIZER_FILE = "tokenizer.json";

/** Limits the header, which has the words if the file names them. */
const MOST_HEADER_BYTES = 1 << 26;

/** Words between two turns of other tasks. */
const AT_ONCE = 1024;

const namesSchema = z.array(z.string());

/** Reads the vectors that `options` choose, for texts that `tokenizer` cuts. Throws an InputError if the file cannot be used. */
export async function readTensorVectors(
  path: string,
  tokenizer: Tokenizer,
  options: CollectOptions,
): Promise<WordVectors> {
  const file = openTensor(path);
  try {
    const { names } = file;
    // The words that a run saved were chosen already.
    const { entries, isToken } = names
      ? { entries: named(names), isToken: () => true }
      : await ofTokens(file, tokenizer, options);
    const collector = new VectorCollector(file.width, { ...options, isToken });
    await inTurns(offering(entries, file, collector));
    return collector.vectors();
  } finally {
    file.close();
  }
}

/** A word and the rows whose mean is its vector. */
interface Entry {
  readonly word: string;
  readonly rows: readonly number[];
}

function* offering(
  entries: Iterable<Entry>,
  file: TensorFile,
  { offer }: VectorCollector,
): Generator<void, void, void> {
  let count = 0;
  for (const { word, rows } of entries) {
    offer(word, () => file.mean(word, rows));
    if (++count % AT_ONCE === 0) yield;
  }
}

function* named(names: readonly (string | undefined)[]): Generator<Entry, void, void> {
  for (const [row, word] of names.entries()) if (word !== undefined) yield { word, rows: [row] };
}

/**
 * Returns the words of a file whose rows are tokens of the tokenizer.json beside it. If the run cuts with the same one, they
 * are these tokens. Otherwise the vector of a word of the data is the mean of its pieces, and others are those of one piece.
 */
async function ofTokens(
  { path, rows }: TensorFile,
  run: Tokenizer,
  options: CollectOptions,
): Promise<{ readonly entries: Iterable<Entry>; readonly isToken: (word: string) => boolean }> {
  const beside = join(dirname(path), TOKENIZER_FILE);
  const own = await openTokenizer({ tokenizer: beside, lowercase: false, punctuation: "keep" });
  if (own.json.kind !== "huggingface") throw new TypeError(`${beside} was read as another tokenizer`);
  const names = tokenNames(own.json);
  if (names.length > rows) {
    const has = `it has ${counted(rows, "row")}, and ${TOKENIZER_FILE} beside it has ids up to ${names.length - 1}`;
    throw cannotUse(path, `${has}: expected a row for each token`);
  }
  const isSame = run.json.kind === "huggingface" &&
    JSON.stringify(run.json.tokenizer) === JSON.stringify(own.json.tokenizer);
  if (isSame) return { entries: named(names), isToken: () => true };
  return { entries: composed(names, createPieces(own, names), options), isToken: options.isToken };
}

type RowsOfWord = (word: string) => readonly number[];

/** Returns the function from a word to the rows of its pieces, within a text; those that are unknown have none. */
function createPieces({ cut }: Tokenizer, names: readonly (string | undefined)[]): RowsOfWord {
  const ids = new Map(names.map((name, id) => [name, id]));
  const spans = new Spans();
  return (word) => {
    cut(` ${word}`, spans);
    return spans.strings().flatMap((piece) => piece === undefined ? [] : ids.get(piece) ?? []);
  };
}

/** Matches what tokenizers put before a token that begins a word. */
const BEGINS_WORD = /^[Ġ▁]/;

function* composed(
  names: readonly (string | undefined)[],
  rowsOf: RowsOfWord,
  { wanted, spelled }: CollectOptions,
): Generator<Entry, void, void> {
  for (const word of wanted) {
    const rows = rowsOf(word);
    if (rows.length > 0) yield { word, rows };
  }
  for (const [row, name] of names.entries()) {
    const word = name && spelled(name.replace(BEGINS_WORD, ""));
    if (!word || wanted.has(word)) continue;
    const rows = rowsOf(word);
    if (rows.length === 1 && rows[0] === row) yield { word, rows };
  }
}

/** Returns the token of each id; undefined for an id without one, and for the token of unknown words. */
function tokenNames({ tokenizer }: HuggingFaceJson): (string | undefined)[] {
  const { model, added_tokens } = parseTokenizer(tokenizer);
  const names: (string | undefined)[] = [];
  if (model.type === "Unigram") model.vocab.forEach(([token], id) => names[id] = token);
  else for (const [token, id] of Object.entries(model.vocab)) names[id] = token;
  for (const { id, content } of added_tokens) names[id] = content;
  const unknown = "unk_token" in model ? names.indexOf(model.unk_token ?? undefined) : -1;
  if (unknown >= 0) names[unknown] = undefined;
  return names;
}

/** The tensor of vectors in an open file. */
interface TensorFile {
  readonly path: string;
  readonly rows: number;
  readonly width: number;
  /** The words of the rows, if the file names them. */
  readonly names: readonly string[] | undefined;
  /** Returns the mean of `rows`, in an array that the next call overwrites. */
  mean(word: string, rows: readonly number[]): Float32Array;
  close(): void;
}

function openTensor(path: string): TensorFile {
  let file: number;
  try {
    // Opening a pipe would wait for its writer.
    if (!statSync(path).isFile()) throw new Error("it is no regular file");
    file = openSync(path, "r");
  } catch (error) {
    throw cannotUse(path, errorMessage(error));
  }
  try {
    return { ...tensorIn(path, file), close: () => closeSync(file) };
  } catch (error) {
    closeSync(file);
    if (error instanceof RangeError) throw cannotUse(path, error.message);
    throw error;
  }
}

/** Reads the header. Throws a RangeError or an InputError if the file has no vectors. */
function tensorIn(path: string, file: number): Omit<TensorFile, "close"> {
  const { size } = fstatSync(file);
  const head = readBytes(file, 0, LENGTH_BYTES);
  const length = head.length < LENGTH_BYTES ? Infinity : headerLength(head);
  const start = LENGTH_BYTES + length;
  if (start > size || length > MOST_HEADER_BYTES) {
    throw new RangeError("not safetensors: the header that it begins with does not fit");
  }
  const { metadata, tensors } = parseHeader(readBytes(file, LENGTH_BYTES, length));
  const { name, shape: [rows, width], begin, end } = vectorsAmong(tensors);
  if (end - begin !== 4 * rows! * width! || start + end > size) {
    throw new RangeError(`tensor "${name}" should have ${counted(4 * rows! * width!, "byte")}, but the file does not`);
  }
  const names = namesOf(metadata.vocabulary, rows!);
  const sums = new Float64Array(width!);
  const vector = new Float32Array(width!);
  return {
    path,
    rows: rows!,
    width: width!,
    names,
    mean(word, ofPieces) {
      sums.fill(0);
      for (const row of ofPieces) {
        const bytes = readBytes(file, start + begin + 4 * width! * row, 4 * width!);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        for (let i = 0; i < sums.length; i++) {
          const value = view.getFloat32(4 * i, true);
          if (!Number.isFinite(value)) {
            throw cannotUse(
              path,
              `row ${row} (${shortJson(word)}) has ${value} as value ${i + 1}, expected a finite number`,
            );
          }
          sums[i]! += value;
        }
      }
      for (let i = 0; i < sums.length; i++) vector[i] = sums[i]! / ofPieces.length;
      return vector;
    },
  };
}

/** Names that a tensor of vectors usually has, for files with more than one of its shape. */
const USUAL_NAME = /^embeddings?(\.weight)?$/;

function vectorsAmong(tensors: readonly TensorEntry[]): TensorEntry {
  const tables = tensors.filter(({ shape }) => shape.length === 2);
  const found = tables.length > 1 ? tables.filter(({ name }) => USUAL_NAME.test(name)) : tables;
  const [tensor] = found;
  if (!tensor || found.length > 1) {
    const names = shortJson(tensors.map(({ name }) => name));
    throw new RangeError(`expected one tensor of vectors, such as "embeddings" [words, width], among ${names}`);
  }
  const { name, dtype, shape: [rows, width] } = tensor;
  if (dtype !== "F32") throw new RangeError(`tensor "${name}" is ${dtype}, expected F32`);
  if (!(rows! >= 1 && width! >= 1 && width! <= MOST_WIDTH)) {
    throw new RangeError(`tensor "${name}" is [${tensor.shape}], expected [words, 1 to ${MOST_WIDTH} values]`);
  }
  return tensor;
}

/** Returns the words that the metadata of a file names, if it does. */
function namesOf(json: string | undefined, rows: number): string[] | undefined {
  if (json === undefined) return undefined;
  let names: unknown;
  try {
    names = JSON.parse(json);
  } catch {
    names = undefined;
  }
  const parsed = namesSchema.safeParse(names);
  if (parsed.success && parsed.data.length === rows) return parsed.data;
  throw new RangeError(`its metadata "vocabulary" is not a list of ${counted(rows, "word")}`);
}

function readBytes(file: number, position: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let read = 0;
  while (read < count) {
    const more = readSync(file, bytes, read, count - read, position + read);
    if (more === 0) break;
    read += more;
  }
  return bytes.subarray(0, read);
}
