/** Opens the examples of the run that a server serves, and the memory of inputs that its model was unsure of. */
import type { Config, TrainingConfig } from "../../config/schema.ts";
import { UncertainInputs } from "../../predict/uncertain.ts";
import type { ModelShape } from "../../predict/types.ts";
import { ExampleJournal, type Examples } from "./example_journal.ts";

/** Takes labelled rows for the model that is served. */
export interface Labelling {
  readonly examples: Examples;
  /** Present if inputs are kept that the model was unsure of. */
  readonly uncertain?: UncertainInputs | undefined;
  /** The names of the text and of the label in the files of the run. */
  readonly textColumn: string;
  readonly labelColumn: string;
  /** Closes the file of examples. */
  close(): Promise<void>;
}

type Options = Pick<Config, "collect" | "keepUncertain" | "redact">;

/** Takes examples for the run in `directory`, if `config` says so and the run was trained on rows. */
export function openLabelling(
  config: Options,
  directory: string | undefined,
  run: Pick<TrainingConfig, "textColumn" | "labelColumn">,
  { text, labels, columns }: Pick<ModelShape, "text" | "labels" | "columns">,
): Labelling | undefined {
  if (!config.collect || directory === undefined || !text) return undefined;
  const { textColumn, labelColumn } = run;
  const examples = new ExampleJournal(directory, labelColumn);
  const redact = config.redact === "" ? undefined : new RegExp(config.redact, "gu");
  const uncertain = config.keepUncertain > 0
    ? new UncertainInputs({ most: config.keepUncertain, redact, labels, columns })
    : undefined;
  return { examples, uncertain, textColumn, labelColumn, close: () => examples.close() };
}
