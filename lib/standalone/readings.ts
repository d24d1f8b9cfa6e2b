/** Reads inputs as sequences of ids. */
import { errorMessage } from "../base/errors.ts";
import type { Preprocessing } from "../data/encode/preprocessing.ts";
import type { UnknownTokens } from "../data/batches/table.ts";
import { TokenKeyList, type TokenKeys } from "../data/vocabulary/token_keys.ts";
import type { Flags, Input } from "./types.ts";

/** Sequences of ids end to end. */
export interface Sequences {
  readonly tokens: Int32Array;
  /** `[sequences + 1]`: where each begins, then where the last one ends. */
  readonly offsets: Int32Array;
  readonly unknown?: UnknownTokens | undefined;
}

/** An input as the model reads it. */
export interface Reading {
  readonly tokens: ArrayLike<number>;
  /** Keys of the unknown tokens, for models of text. */
  readonly unknown?: TokenKeys;
  /** Present for models with a vocabulary of their own. */
  readonly flags?: Flags;
}

/** Several inputs as the model reads them. */
export interface Readings {
  readonly sequences: Sequences;
  /** `[inputs]`, of a model with a vocabulary of its own. */
  readonly flags: readonly Flags[];
  /** Lists inputs that could not be read, and why: their sequences mean nothing. */
  readonly unread: readonly { readonly row: number; readonly error: string }[];
}

/** Stands for an input that could not be read. */
const NOTHING_READ = [0];

/** Reads an input, and adds the tokens that are read to `strings`, of a model with a vocabulary of its own. */
export type Read = (input: Input, strings?: (string | undefined)[]) => Reading;

/** Returns a function that reads the inputs of a model with `preprocessing`, or of one whose tokens are ids. */
export function openReading(preprocessing: Pick<Preprocessing, "encode"> | undefined): Read {
  if (!preprocessing) return (input) => ({ tokens: idsOf(input) });
  return (input, strings) => {
    const { tokens, unknown, ...flags } = preprocessing.encode(input, strings);
    return { tokens, unknown, flags };
  };
}

/** Returns the ids of an input of a model without a vocabulary, whose reader accepts only ids. */
export function idsOf(input: Input): readonly number[] {
  return input as readonly number[];
}

/**
 * Reads each input separately, so that one that fails does not fail the others. `keepsUnknown` keeps the keys of unknown
 * tokens.
 */
export function readAll(
  inputs: readonly Input[],
  read: (input: Input) => Reading,
  keepsUnknown: boolean,
): Readings {
  const flags: Flags[] = [];
  const unread: { row: number; error: string }[] = [];
  const unknown: (TokenKeys | undefined)[] = [];
  const sequences = joinSequences(inputs.map((input, row) => {
    try {
      const reading = read(input);
      if (reading.flags) flags.push(reading.flags);
      unknown[row] = reading.unknown;
      return reading.tokens;
    } catch (error) {
      unread.push({ row, error: errorMessage(error) });
      flags.push({ unknownShare: 1, truncated: false });
      return NOTHING_READ;
    }
  }));
  return {
    sequences: keepsUnknown ? { ...sequences, unknown: joinUnknown(unknown, inputs.length) } : sequences,
    flags,
    unread,
  };
}

/** Joins the keys of the unknown tokens of `rows` sequences. */
export function joinUnknown(list: readonly (TokenKeys | undefined)[], rows: number): UnknownTokens {
  const joined = new TokenKeyList(false);
  const before = new Uint32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    const own = list[row];
    if (own) joined.addAll(own);
    before[row + 1] = joined.size;
  }
  return { before, keys: joined.keys() };
}

/** Joins `list` end to end. */
export function joinSequences(list: readonly ArrayLike<number>[]): Sequences {
  const offsets = new Int32Array(list.length + 1);
  for (let row = 0; row < list.length; row++) offsets[row + 1] = offsets[row]! + list[row]!.length;
  const tokens = new Int32Array(offsets[list.length]!);
  for (let row = 0; row < list.length; row++) tokens.set(list[row]!, offsets[row]);
  return { tokens, offsets };
}
