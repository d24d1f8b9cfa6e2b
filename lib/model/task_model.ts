import type { TrainingConfig } from "../config/schema.ts";
import { createDataset } from "../data/create_dataset.ts";
import type { Dataset } from "../data/batches/dataset.ts";
import type { TrainingData } from "../data/batches/table.ts";
import { type ParameterLayout, parameterLayout } from "./layout.ts";
import { type ModelSpec, modelSpec } from "./spec.ts";

/** What a config means: its data, its model, and the model's parameters. */
export interface TaskModel {
  readonly dataset: Dataset;
  readonly spec: ModelSpec;
  readonly layout: ParameterLayout;
}

/** Every thread derives its own, from the config and the data that the task `table` reads. */
export function taskModel(config: TrainingConfig, data?: TrainingData): TaskModel {
  const dataset = createDataset(config, data);
  return { dataset, ...trainedModel(config, dataset.labels) };
}

/** The model alone: with the names of its classes, a config says it all. */
export function trainedModel(config: TrainingConfig, labels: readonly string[]): Omit<TaskModel, "dataset"> {
  const spec = modelSpec(config, { vocabulary: config.vocabulary, labels });
  return { spec, layout: parameterLayout(spec) };
}
