import type { TrainingConfig } from "../config/schema.ts";
import { createDataset } from "../data/create.ts";
import type { Dataset } from "../data/dataset.ts";
import { type ParameterLayout, parameterLayout } from "./layout.ts";
import { type ModelSpec, modelSpec } from "./spec.ts";

/** What a config means: its data, its model, and the model's parameters. */
export interface TaskModel {
  readonly dataset: Dataset;
  readonly spec: ModelSpec;
  readonly layout: ParameterLayout;
}

/** Every thread derives its own from the config: there is nothing else to send around. */
export function taskModel(config: TrainingConfig): TaskModel {
  const dataset = createDataset(config);
  const spec = modelSpec(config, dataset);
  return { dataset, spec, layout: parameterLayout(spec) };
}
