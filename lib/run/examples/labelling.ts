/** Opens the examples of the run that a server serves, and the memory of inputs that its model was unsure of. */
import type { Config, TrainingConfig } from "../../config/schema.ts";
import type { Examples } from "../../predict/labelling.ts";
import type { OpenedModel } from "../../predict/served_model.ts";
import { observed, UncertainInputs } from "../../predict/uncertain.ts";
import { ExampleJournal } from "./example_journal.ts";

interface LabellingOptions {
  readonly config: Pick<Config, "collect" | "keepUncertain" | "redact">;
  /** The directory of the run, if it has one. */
  readonly directory: string | undefined;
  /** The config of the run. */
  readonly run: Pick<TrainingConfig, "textColumn" | "labelColumn">;
  /** Takes the examples, and is closed by its owner; by default a file in the directory does. */
  readonly examples?: Examples | undefined;
}

/** Returns `opened` so that it takes examples too, if the config says so and its run was trained on rows of a file. */
export function withLabelling(
  opened: OpenedModel,
  { config, directory, run, examples }: LabellingOptions,
): OpenedModel {
  const { predictor } = opened;
  const { text, labels, columns } = predictor.shape;
  if (!config.collect || directory === undefined || !text) return opened;
  const { textColumn, labelColumn } = run;
  const journal = examples ? undefined : new ExampleJournal(directory, labelColumn);
  const redact = config.redact === "" ? undefined : new RegExp(config.redact, "gu");
  const most = config.keepUncertain;
  const uncertain = most > 0 ? new UncertainInputs({ most, redact, labels, columns }) : undefined;
  return {
    ...opened,
    predictor: uncertain ? observed(predictor, uncertain) : predictor,
    labelling: { examples: examples ?? journal!, uncertain, textColumn, labelColumn },
    close() {
      opened.close();
      // Its requests are answered, so nothing is left to write.
      void journal?.close();
    },
  };
}
