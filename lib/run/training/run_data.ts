/** Defines the data of a run on files. */
import { type EncodedTable, rowsOf, type TrainingData } from "../../data/batches/table.ts";
import type { LoadedPart } from "../../data/encode/assemble.ts";
import type { PreprocessingJson } from "../../data/encode/preprocessing.ts";
import type { DataStatistics } from "../../data/statistics.ts";
import type { TokenVectors } from "../../data/vocabulary/choose_vocabulary.ts";
import type { Parent } from "./parent.ts";

/** Describes data from files, besides the training data. */
export interface DataSource {
  /** Turns a text into tokens. It is saved with the model. */
  readonly preprocessing: PreprocessingJson;
  readonly statistics: DataStatistics;
  /** The vectors of words that training starts from, if a file gave any. */
  readonly vectors: TokenVectors | undefined;
  /** Keys of the training rows, in order; undefined if there are too many. */
  readonly keys: Float64Array<ArrayBuffer> | undefined;
  /** The training rows and the validation rows, with their places in the files. */
  readonly training: LoadedPart;
  readonly validation: LoadedPart;
  /** The test rows, which evaluate only the finished model. */
  readonly test: LoadedPart | undefined;
  /** The run that training continues from, if there is one. */
  readonly parent?: Parent;
  /** The training rows with all those of the earlier runs, if some of those are trained on again. */
  readonly all?: EncodedTable;
  /** The number of the rows that are new; they come first. Absent if all are. */
  readonly added?: { readonly training: number; readonly validation: number };
}

/** Counts the training and validation rows of the run's own files. */
export function ownRows({ training, validation, added }: DataSource): number {
  return added ? added.training + added.validation : rowsOf(training.table) + rowsOf(validation.table);
}

export interface RunData {
  readonly data: TrainingData;
  readonly source: DataSource;
}
