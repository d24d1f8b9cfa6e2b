import { cos } from "../base/numbers/elementary.ts";
import type { TrainingConfig } from "../config/schema.ts";

export type ScheduleConfig = Pick<
  TrainingConfig,
  "learningRate" | "schedule" | "warmupSteps" | "epochs" | "stepsPerEpoch"
>;

/**
 * Returns the learning rate of `step`, counted from 0. The first `warmupSteps` steps have
 * learningRate · (step + 1) / warmupSteps. After them, p is the completed part of the remaining steps, and the rate is
 * learningRate times 1, (1 + cos πp) / 2 (Loshchilov & Hutter, 2017) or 1 - p. There are `epochs · stepsPerEpoch` steps,
 * even if training ends earlier.
 */
export function learningRateAt(config: ScheduleConfig, step: number): number {
  const { learningRate, schedule, warmupSteps } = config;
  if (step < warmupSteps) return learningRate * ((step + 1) / warmupSteps);
  const remaining = Math.max(1, config.epochs * config.stepsPerEpoch - warmupSteps);
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
