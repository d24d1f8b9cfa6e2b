import type { z } from "zod";
import type { configSchema } from "./schema.ts";

type Preset = Partial<z.input<typeof configSchema>>;

/** Named sets of values. They override the defaults; a config file and flags override them. */
export const presets: Readonly<Record<string, Preset>> = {
  /** The default recipe: the parity task, learnt to a validation accuracy of 99.5 %. */
  parity: {},
  /** The original notebook, reproduced exactly: PyTorch's initial weights and 50 epochs of one new batch of 50. */
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
