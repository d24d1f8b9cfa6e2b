/** What a training process shows on its port: the run that it trains now, with a predictor over its weights. */
import type { Config } from "../../config/schema.ts";
import type { RunEvent } from "../../base/events.ts";
import type { ThreadPredictor } from "../../predict/predictor.ts";
import { RunLibrary } from "../../run/library/library.ts";
import type { RunQueue } from "../../run/library/run_queue.ts";
import type { TrainingRun } from "../../run/training/training_run.ts";
import { openPredictor } from "./predictor.ts";
import type { Service } from "./service.ts";
import { figuresOfEvents } from "./training_figures.ts";

export interface StageOptions {
  readonly service: Service;
  readonly queue: RunQueue;
  readonly config: Config;
  /** The module that the prediction thread runs. */
  readonly predictUrl: URL;
}

export class Stage {
  readonly #options: StageOptions;
  readonly #figures = figuresOfEvents();
  #library: RunLibrary | undefined;
  #predictor: ThreadPredictor | undefined;

  constructor(options: StageOptions) {
    this.#options = options;
  }

  /** From now on `run` is what clients ask about; who waits for a prediction by the one before is refused. */
  show(run: TrainingRun): void {
    const { service, queue, config, predictUrl } = this.#options;
    const before = this.#predictor;
    const predictor = openPredictor({
      model: run.model,
      newest: () => run.newest,
      directory: run.directory,
      predictUrl,
      config,
      onIncident: (message) => run.log.append({ type: "incident", message }),
    });
    this.#predictor = predictor;
    if (this.#library) this.#library.turnTo(run);
    else this.#library = RunLibrary.live(run, queue);
    service.serve({ runs: this.#library, predictor, training: this.#figures.read, cluster: this.#figures.cluster });
    before?.close();
  }

  /** Takes note of what happens to the run. */
  observe(event: RunEvent): void {
    this.#figures.observe(this.#library?.show(event) ?? event);
  }

  close(): void {
    this.#predictor?.close();
  }
}
