/** Options of models and optimizers that an engine may not have yet, and which of them a test needs. */
import type { EngineNeeds } from "./example.ts";

export const ALL_OPTIONS = ["layers", "bidirectional", "pooling", "padding", "dropout", "weightDecay"] as const;
export type Option = typeof ALL_OPTIONS[number];

/** The options that `needs` asks for when the engine is made; padding shows in batches alone. */
export function optionsOf({ spec, adam, dropout }: EngineNeeds): Option[] {
  const asked: [Option, boolean][] = [
    ["layers", spec.layers > 1],
    ["bidirectional", spec.bidirectional],
    ["pooling", spec.pooling !== "last"],
    ["dropout", dropout !== undefined && dropout.rate > 0],
    ["weightDecay", adam.weightDecay > 0],
  ];
  return asked.filter(([, given]) => given).map(([option]) => option);
}
