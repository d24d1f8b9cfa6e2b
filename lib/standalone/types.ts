/** Describes predictions: plain values, no tensors. */
import type { ReadingRules } from "../base/normal_form.ts";
import type { Column, FieldRow } from "../formats/columns.ts";
import type { RowAnswer } from "../model/rejection.ts";
import type { Reasons } from "./answer_types.ts";
import type { RankedLabel } from "./top_labels.ts";

/**
 * An input of the model, checked but not yet read: a text, or tokens, which are names for a model with a vocabulary of
 * its own and ids for any other, or the fields of a model of several columns.
 */
export type Input = string | readonly string[] | readonly number[] | FieldRow;

/** Checks the inputs of a model: see reader.ts. */
export interface Reader {
  /** True if the model takes texts, and tokens by their names; else tokens are ids. */
  readonly text: boolean;
  /** The rules by which it reads rows, and numbers among tokens. */
  readonly rules: ReadingRules;
  /** Throws an InputError that calls the value `field`. */
  readTokens(value: unknown, field: string): Input;
  /** Throws an InputError that calls the value `field`. */
  readText(value: unknown, field: string): Input;
  /** The columns of a row, if the model has several: it takes objects with their fields, and nothing else. */
  readonly columns?: readonly Column[] | undefined;
  /** Reads an object with a field for each column. Throws an InputError that calls it `field`, "" for a body. */
  readFields(value: unknown, field: string): Input;
}

/** Describes how a model with a vocabulary of its own read an input. */
export interface Flags {
  /** Share of the tokens that the model does not know. */
  readonly unknownShare: number;
  /** True if some tokens were cut off. */
  readonly truncated: boolean;
}

/** The answer of a model whose rows may have several labels has `labels`; its class and label are null. */
export interface Prediction extends RowAnswer, Partial<Flags> {
  /** The labels whose probability reaches their threshold, the most probable first, where there may be several. */
  readonly labels?: readonly RankedLabel[];
  /** One a class, in the order of the labels; sums to 1, unless there may be several. Empty where the request does not want them. */
  readonly probabilities: readonly number[];
  /** The most probable labels, the most probable first, if the request wants some. */
  readonly top?: readonly RankedLabel[];
  /** Says what each token adds to the answer, if the request wants to know. */
  readonly reasons?: Reasons;
}
