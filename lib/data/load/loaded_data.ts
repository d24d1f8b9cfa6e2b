/** The input and the result of loading data. */
import type { ReadingRules } from "../../base/normal_form.ts";
import type { DataOptions } from "../../config/data_shape.ts";
import type { LoadedPart } from "../encode/assemble.ts";
import type { EncoderIo } from "../encode/encode_sources.ts";
import type { PreprocessingJson } from "../encode/preprocessing.ts";
import type { DataStatistics } from "../statistics.ts";
import type { TokenVectors } from "../vocabulary/choose_vocabulary.ts";

export interface LoadOptions extends DataOptions, Omit<EncoderIo, "rules"> {
  /** Paths of files of training rows, or `-` for standard input. */
  readonly sources: readonly string[];
  /** Seed of the split; a whole number below 2^32. */
  readonly seed: number;
  /** Rules by which rows are read: those of an earlier run, or the newest. */
  readonly rules?: ReadingRules;
  /** The tokens and classes of an earlier model. It keeps its tokenizer, tokens, bins, length and classes, and gets those of the rows. */
  readonly known?: KnownData | undefined;
}

/** Describes the rows that an earlier model was trained on. */
export interface KnownData {
  readonly preprocessing: PreprocessingJson;
  readonly labels: readonly string[];
}

export interface LoadedData {
  /** Class names: those that were known, then the others, sorted; a label is a position in this list. */
  readonly labels: readonly string[];
  /** Turns texts into ids, and is saved with the model. */
  readonly preprocessing: PreprocessingJson;
  /** Number of ids. */
  readonly vocabulary: number;
  /** Most tokens that a row may have. */
  readonly maxLength: number;
  /** The vectors of the last ids, if a file gave any. */
  readonly vectors: TokenVectors | undefined;
  readonly training: LoadedPart;
  /** Groups of the rows of the training files, if a column names them. */
  readonly groups: Uint32Array | undefined;
  /** Keys of the rows of the training files, in order; undefined if there are too many. */
  readonly keys: Float64Array<ArrayBuffer> | undefined;
  /** Undefined without validation rows. */
  readonly validation: LoadedPart | undefined;
  readonly test: LoadedPart | undefined;
  readonly statistics: DataStatistics;
}
