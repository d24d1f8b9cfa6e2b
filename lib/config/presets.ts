import type { z } from "zod";
import type { configSchema } from "./schema.ts";

export type Preset = Partial<z.input<typeof configSchema>>;

/** Named sets of values, between the defaults and what a file or the flags say. */
export const presets: Readonly<Record<string, Preset>> = {
  /** The default recipe: the parity task, learnt to 99.5 % held-out accuracy. */
  parity: {},
  /** The notebook to the letter: PyTorch's initial weights, 50 epochs of one fresh batch of 50, nothing else. */
  seed: {
    forgetBias: 0,
    lstmBiases: 2,
    shards: 1,
    batchSize: 50,
    clipNorm: 0,
    epochs: 50,
    stepsPerEpoch: 1,
    heldOut: 500,
    targetAccuracy: 0,
    report: "notebook",
  },
};
