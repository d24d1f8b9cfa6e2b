/** Types of a search for a better config, written out so that a program that imports them needs nothing else. */
import type { Run, TrainOptions } from "./training.ts";

/**
 * Options of a search: those of a training, which keep their values, and its time.
 *
 * @example
 * ```ts
 * import { tune, type TuneOptions } from "lockstep";
 *
 * const options: TuneOptions = { data: "tickets.csv", minutes: 0.1, epochs: 2, runsDir: "runs" };
 * await using run = await tune({ ...options, onTrial: ({ changes, loss }) => console.log(changes, loss) });
 * console.log(run.config);
 * ```
 */
export interface TuneOptions extends TrainOptions {
  /** Minutes of the search, with the training of the best config; default: 5. */
  readonly minutes?: number | undefined;
  /** Compares models of at most so many bytes, or a text such as `"300kB"`, as `save()` makes them. */
  readonly size?: number | string | undefined;
  /** Called with the result of each trial. An error that it throws rejects the search. */
  readonly onTrial?: ((trial: TuneTrial) => unknown) | undefined;
}

/**
 * The result of a trial: a config on a split of the rows.
 *
 * @example
 * ```ts
 * import type { TuneTrial } from "lockstep";
 *
 * export const onTrial = ({ changes, score, seconds }: TuneTrial) => console.log(changes, score, seconds);
 * ```
 */
export interface TuneTrial {
  /** Number of the config; 0 is the one without changes. */
  readonly candidate: number;
  /** Number of the split, which each draws other validation rows, from 0. */
  readonly split: number;
  /** The id of its run. */
  readonly run: string;
  /** The options that differ, by key. */
  readonly changes: Readonly<Record<string, unknown>>;
  /** The metric on the validation rows, greater for better models; null if the training failed. */
  readonly score: number | null;
  /** The score of the whole model, if a smaller one was compared. */
  readonly whole?: number | undefined;
  /** Mean cross-entropy in nats on the validation rows; absent if the training failed. */
  readonly loss?: number | undefined;
  /** Share of the validation rows that are right; absent if the training failed. */
  readonly accuracy?: number | undefined;
  /** Duration of the training. */
  readonly seconds: number;
}

/**
 * The run of the best config, with the search.
 *
 * @example
 * ```ts
 * import type { TunedRun } from "lockstep";
 *
 * export const describe = ({ config, trials }: TunedRun) => `${JSON.stringify(config)}, best of ${trials.length} trials`;
 * ```
 */
export interface TunedRun extends Run {
  /** The options that make this run: those that were given, and the changes of the best config. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The trials that ended, in their order. */
  readonly trials: readonly TuneTrial[];
}
