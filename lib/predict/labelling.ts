/** Describes how a server takes labelled rows for a model: lib/run/examples writes them to a file of its run. */
import { z } from "zod";
import type { UncertainInputs } from "./uncertain.ts";

/** A labelled row that was sent. */
export interface NewExample {
  /** The keys of the row in a file, its labels among them. */
  readonly row: Readonly<Record<string, unknown>>;
  readonly labels: readonly string[];
  readonly who?: string | undefined;
}

/** Parses a row as the file has it. */
export const exampleSchema = z.looseObject({
  example: z.object({ id: z.int().min(1), at: z.iso.datetime(), who: z.string().optional() }),
});
export type Example = z.infer<typeof exampleSchema>;

const comparison = z.object({ rows: z.int(), before: z.number().optional(), after: z.number() });

/** Parses the end of a training on examples. */
export const retrainedSchema = z.object({
  at: z.iso.datetime(),
  /** The run that was trained. */
  run: z.string(),
  /** Says that the new weights answer from then on, that the old ones do, or that the training failed. */
  outcome: z.enum(["swapped", "kept", "failed"]),
  why: z.string(),
  /** Accuracies on the validation rows of earlier runs, and among the examples. */
  old: comparison.optional(),
  new: comparison.optional(),
});

/** Parses what a server says about its training on examples. */
export const retrainingSchema = z.object({
  /** A training begins after so many new examples. */
  after: z.int(),
  /** Number of examples since the last training. */
  examples: z.int(),
  /** The run that is being trained. */
  training: z.string().nullable(),
  last: retrainedSchema.nullable(),
});
export type Retrained = z.infer<typeof retrainedSchema>;
export type RetrainingState = z.infer<typeof retrainingSchema>;

/** Counts and shows the examples of the file. */
export interface ExampleOverview {
  readonly count: number;
  /** Number of examples by label, the most frequent first. */
  readonly labels: readonly { readonly label: string; readonly count: number }[];
  /** The newest examples, the newest first. */
  readonly newest: readonly Example[];
  /** Present if the server trains on its examples. */
  readonly retraining?: RetrainingState;
}

/** Reasons not to take an example: another process takes them, there is no room, or nothing may be written. */
export type Refused = "busy" | "full" | "kept";

export interface Examples {
  /** Adds `examples`, all or none, and returns their ids once they are on the disk. */
  add(examples: readonly NewExample[]): Promise<readonly number[] | Refused>;
  /** Removes the example `id`. Returns whether there was one. */
  remove(id: number): Promise<boolean | Refused>;
  overview(): Promise<ExampleOverview | Refused>;
}

/** Takes labelled rows for a model that is served. */
export interface Labelling {
  readonly examples: Examples;
  /** Present if inputs are kept that the model was unsure of. */
  readonly uncertain?: UncertainInputs | undefined;
  /** The names of the text and of the label in the files of the run. */
  readonly textColumn: string;
  readonly labelColumn: string;
}
