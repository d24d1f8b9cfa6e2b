import type { TrainingConfig } from "../config/schema.ts";
import { createDataset } from "../data/create_dataset.ts";
import type { Dataset } from "../data/batches/dataset.ts";
import type { TrainingData } from "../data/batches/table.ts";
import { type ParameterLayout, parameterLayout } from "./layout.ts";
import { type ModelSpec, modelSpec } from "./spec.ts";

/** A config's data, its model, and the model's parameters. */
export interface TaskModel {
  readonly dataset: Dataset;
  readonly spec: ModelSpec;
  readonly layout: ParameterLayout;
}

/** Derives all that follows from `config` and, for the task `table`, its data. Every thread does so for itself. */
export function taskModel(config: TrainingConfig, data?: TrainingData): TaskModel {
  const dataset = createDataset(config, data);
  return { dataset, ...trainedModel(config, dataset.labels) };
}

/** Derives only the model, for which a config and the names of its classes are enough. */
export function trainedModel(config: TrainingConfig, labels: readonly string[]): Omit<TaskModel, "dataset"> {
  const spec = modelSpec(config, { vocabulary: config.vocabulary, labels });
  return { spec, layout: parameterLayout(spec) };
}
