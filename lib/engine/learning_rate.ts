import { cos } from "../base/numbers/elementary.ts";
import { epochsOf } from "../config/extended_after.ts";
import type { TrainingConfig } from "../config/schema.ts";

export type ScheduleConfig = Pick<
  TrainingConfig,
  "learningRate" | "schedule" | "warmupSteps" | "epochs" | "extendedAfter" | "stepsPerEpoch"
>;

/**
 * Returns the learning rate of `step`, counted from 0. The first `warmupSteps` steps have
 * learningRate · (step + 1) / warmupSteps. After them, p is the completed part of the remaining steps, and the rate is
 * learningRate times 1, (1 + cos πp) / 2 (Loshchilov & Hutter, 2017) or 1 - p. There are `epochs · stepsPerEpoch` steps,
 * even if training ends earlier. In a run that was extended, the steps before an extension have the rates of a run without
 * it: so it makes no difference whether the run was extended before or after it had taken them.
 */
export function learningRateAt(config: ScheduleConfig, step: number): number {
  const { learningRate, schedule, warmupSteps } = config;
  if (step < warmupSteps) return learningRate * ((step + 1) / warmupSteps);
  const epochs = epochsOf(config).find((epochs) => step < epochs * config.stepsPerEpoch) ?? config.epochs;
  const remaining = Math.max(1, epochs * config.stepsPerEpoch - warmupSteps);
  const passed = Math.min(1, (step - warmupSteps) / remaining);
  switch (schedule) {
    case "constant":
      return learningRate;
    case "cosine":
      return learningRate * (1 + cos(Math.PI * passed)) / 2;
    case "linear":
      return learningRate * (1 - passed);
  }
}
