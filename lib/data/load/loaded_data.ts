/** What is read and what comes of it. */
import type { DataOptions, ReadingRules } from "../../config/data_shape.ts";
import type { LoadedPart } from "../encode/assemble.ts";
import type { EncoderIo } from "../encode/encode_sources.ts";
import type { PreprocessingJson } from "../encode/preprocessing.ts";
import type { DataStatistics } from "../statistics.ts";

export interface LoadOptions extends DataOptions, Omit<EncoderIo, "rules"> {
  /** Paths of the training rows, or `-` for standard input. */
  readonly sources: readonly string[];
  /** Of the split; a whole number below 2^32. */
  readonly seed: number;
  /** By which the rows are read: those of an earlier run, or the newest. */
  readonly rules?: ReadingRules;
}

export interface LoadedData {
  /** Class names, sorted; a label is a position in this list. */
  readonly labels: readonly string[];
  /** What turns a text into ids, to be saved with the model. */
  readonly preprocessing: PreprocessingJson;
  /** Number of ids. */
  readonly vocabulary: number;
  /** Tokens of the longest row that is possible. */
  readonly maxLength: number;
  readonly training: LoadedPart;
  /** Keys of the training rows, in order; undefined where there are too many. */
  readonly keys: Float64Array<ArrayBuffer> | undefined;
  /** undefined where no row validates. */
  readonly validation: LoadedPart | undefined;
  readonly test: LoadedPart | undefined;
  readonly statistics: DataStatistics;
}
