import type { TrainingConfig } from "../config/schema.ts";
import type { Dataset } from "./dataset.ts";
import { parityDataset } from "./parity.ts";

/** The data set that `config` names. Every thread makes its own: it holds no position. */
export function createDataset(config: TrainingConfig): Dataset {
  switch (config.task) {
    case "parity":
      return parityDataset(config);
  }
}
