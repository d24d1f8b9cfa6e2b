/** What a run on files does beside training: a baseline at its side, and a judgement of its model at the end. */
import { join } from "node:path";
import { type BaselineFigures, type BaselineTask, startBaseline } from "../baseline/thread.ts";
import type { TrainingData } from "../data/training_data.ts";
import { errorMessage } from "../errors.ts";
import type { NewEvent, Summary } from "../events.ts";
import { writeJson } from "./files.ts";
import { figuresOf, judgeSource } from "./judgement.ts";
import type { TrainedModel } from "./predict_table.ts";
import type { RunData } from "./run_data.ts";

export interface FileWorkOptions extends RunData {
  readonly seed: number;
  /** The module that the baseline's thread runs; without it there is no baseline. */
  readonly baselineUrl: URL | undefined;
  /** After which a thread that shows no sign of life is lost. */
  readonly timeoutMs: number;
  /** Whether an earlier process of the run told of the baseline. */
  readonly isTold: boolean;
  readonly append: (event: NewEvent) => void;
}

export class FileWork {
  readonly #options: FileWorkOptions;
  #task: BaselineTask | undefined;
  #baseline: Promise<BaselineFigures | undefined> = Promise.resolve(undefined);

  constructor(options: FileWorkOptions) {
    this.#options = options;
  }

  /** Starts the baseline, of which the log is told when it is done. */
  start(): void {
    const { baselineUrl, data, source, seed, timeoutMs, isTold, append } = this.#options;
    if (!baselineUrl) return;
    this.#task = startBaseline(baselineUrl, baselineStart(data, source.test?.table, seed), timeoutMs);
    this.#baseline = this.#task.figures.then((figures) => {
      if (figures && !isTold) append({ type: "baseline", ...figures });
      return figures;
    }, (error) => {
      append({ type: "incident", message: `There is no baseline: ${errorMessage(error)}` });
      return undefined;
    });
  }

  /** Ends the baseline, if it is under way, without a result. */
  stop(): void {
    this.#task?.stop();
  }

  /**
   * Judges `model` by the rows that were kept from training, and writes all of it to `judgement.json` in `directory`.
   * Returns what belongs into the summary, with the baseline's figures.
   */
  async finish(
    directory: string,
    model: TrainedModel,
  ): Promise<Pick<Summary, "validation" | "test" | "baseline">> {
    const { validation, test } = await judgeSource(model, this.#options.source);
    await writeJson(join(directory, "judgement.json"), { validation, ...test && { test } });
    const baseline = await this.#baseline;
    return {
      validation: figuresOf(validation),
      ...test && { test: figuresOf(test) },
      ...baseline && { baseline },
    };
  }
}

function baselineStart(data: TrainingData, test: TrainingData["validation"] | undefined, seed: number) {
  const { training, validation, labels, vocabulary } = data;
  return { training, validation, ...test && { test }, classes: labels.length, vocabulary, seed };
}
