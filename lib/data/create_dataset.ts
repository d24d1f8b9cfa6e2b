import type { TrainingConfig } from "../config/schema.ts";
import type { Dataset } from "./batches/dataset.ts";
import { parityDataset } from "./batches/parity.ts";
import { tableDataset } from "./batches/table_dataset.ts";
import type { TrainingData } from "./batches/table.ts";

/**
 * The data set that `config` names; `data` is what the task `table` reads. Every thread makes its own: it holds no
 * position. Throws a RangeError if `config` was not made for `data` (see table_config.ts).
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
