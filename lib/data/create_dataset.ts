/**
 * Creates data sets: rows of files or generated sequences, drawn as batches. This layer turns files into batches; it knows no
 * model and trains nothing. Start here for batches (batches/), and with load/load.ts for files.
 */
import type { TrainingConfig } from "../config/schema.ts";
import type { Dataset } from "./batches/dataset.ts";
import { parityDataset } from "./batches/parity.ts";
import { tableDataset } from "./batches/table_dataset.ts";
import type { TrainingData } from "./batches/table.ts";

/**
 * Creates the data set of `config`; the task `table` reads `data`. A data set has no position, so every thread creates its
 * own. Throws a RangeError if `config` was not made for `data` (see table_config.ts).
 */
export function createDataset(config: TrainingConfig, data?: TrainingData): Dataset {
  switch (config.task) {
    case "parity":
      return parityDataset(config);
    case "table":
      if (!data) throw new RangeError('The task "table" needs data');
      return tableDataset(config, data);
  }
}
