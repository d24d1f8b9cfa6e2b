import type { TrainingConfig } from "../config/schema.ts";

export type ScheduleConfig = Pick<
  TrainingConfig,
  "learningRate" | "schedule" | "warmupSteps" | "epochs" | "stepsPerEpoch"
>;

/**
 * The learning rate of `step`, from 0. In the first `warmupSteps` steps learningRate · (step + 1) / warmupSteps; then,
 * with p the share of the remaining steps that lies behind: learningRate, · (1 + cos πp) / 2 (Loshchilov & Hutter,
 * 2017) or · (1 - p). All steps are `epochs · stepsPerEpoch`, whether or not training ends before.
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
      return learningRate * (1 + Math.cos(Math.PI * passed)) / 2;
    case "linear":
      return learningRate * (1 - passed);
  }
}
