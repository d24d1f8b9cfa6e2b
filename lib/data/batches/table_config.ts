/** Completes a config with the values that follow from its data. */
import { counted } from "../../base/counted.ts";
import type { TrainingConfig } from "../../config/schema.ts";
import { InputError, type Problem } from "../../base/errors.ts";
import { rowsOf, type TrainingData } from "./table.ts";

/** Returns the values that follow from `data`. An epoch has the steps of one pass over all rows. */
export function tableShape(
  { shards, batchSize }: Pick<TrainingConfig, "shards" | "batchSize">,
  data: TrainingData,
): Pick<TrainingConfig, "vocabulary" | "length" | "stepsPerEpoch" | "heldOut"> {
  return {
    vocabulary: data.vocabulary,
    length: data.length,
    stepsPerEpoch: Math.ceil(rowsOf(data.training) / (shards * batchSize)),
    heldOut: rowsOf(data.validation),
  };
}

/** Returns `config` for `data`, as `run.json` fixes it. Throws an InputError if it does not fit `data`. */
export function tableConfig(config: TrainingConfig, data: TrainingData): TrainingConfig {
  const labels = data.training.labelOffsets ? "many" : "one";
  const derived: TrainingConfig = { ...config, task: "table", labels, ...tableShape(config, data) };
  const problems: Problem[] = [];
  const refuse = (field: string, message: string) => problems.push({ field, message });
  if (data.labels.length < 2) {
    refuse("labels", `The data have ${counted(data.labels.length, "class")}: expected at least 2`);
  }
  if (labels === "many" && config.classWeights !== "none") {
    refuse("classWeights", `classWeights is ${config.classWeights}: expected none where a row may have several labels`);
  }
  if (labels === "many" && config.reject > 0) {
    refuse(
      "reject",
      `reject is ${config.reject}: expected 0 where a row may have several labels, which thresholdFor decides`,
    );
  }
  if (config.letterRows > 0 && !data.letters) {
    refuse("letterRows", `letterRows is ${config.letterRows}: expected 0 for tokens that are not words`);
  }
  if (derived.stepsPerEpoch < 1) refuse("training", "The training data have no rows: expected at least 1");
  if (derived.heldOut < 1) refuse("validation", "The validation data have no rows: expected at least 1");
  if (derived.stepsPerEpoch < 1 || derived.heldOut < 1) throw new InputError(problems);
  const steps = derived.epochs * derived.stepsPerEpoch;
  if (config.warmupSteps > steps) {
    const message = `warmupSteps is ${config.warmupSteps}: expected at most the run's ${counted(steps, "step")}, ` +
      `${counted(derived.epochs, "epoch")} of ${derived.stepsPerEpoch}`;
    refuse("warmupSteps", message);
  }
  if (problems.length > 0) throw new InputError(problems);
  return derived;
}
