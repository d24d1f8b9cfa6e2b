/** Serves the run that a process trains: its events, predictions from its newest weights, and the state of training. */
import { basename } from "node:path";
import type { Config } from "../../config/schema.ts";
import type { ClusterStatus, ClusterView } from "../../base/events/cluster_view.ts";
import type { EventOf, RunEvent } from "../../base/events.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import { DEFAULT_NAME, ServedModels } from "../../predict/served_models.ts";
import { withLabelling } from "../../run/examples/labelling.ts";
import { openModel } from "../../run/open_model.ts";
import { openServed } from "../../run/open_served.ts";
import { openPredictor } from "../../run/open_predictor.ts";
import type { ExaminationThreads } from "../../run/library/examinations.ts";
import { RunLibrary } from "../../run/library/library.ts";
import type { RunQueue } from "../../run/library/run_queue.ts";
import type { TrainingRun } from "../../run/training/training_run.ts";
import type { TrainingMetrics } from "../../serve/services.ts";
import type { Service } from "../../serve/service.ts";

interface ServedRunOptions {
  readonly service: Service;
  /** Runs that clients start; without it they may start none. */
  readonly queue?: RunQueue | undefined;
  readonly config: Config;
  /** The module that the prediction thread runs. */
  readonly predictUrl: URL;
  readonly native: NativeLibrary | undefined;
  /** Tells the operator of an incident of a saved run. */
  readonly note: (text: string) => void;
  /** Examine the labels of runs. */
  readonly threads: ExaminationThreads;
}

export class ServedRun {
  readonly #options: ServedRunOptions;
  readonly #status = createTrainingStatus();
  #library: RunLibrary | undefined;
  #models: ServedModels | undefined;

  constructor(options: ServedRunOptions) {
    this.#options = options;
  }

  /** Serves `run` from now on. Requests that wait for a prediction of the previous run are refused. */
  show(run: TrainingRun): void {
    const { service, queue, config, predictUrl, native, threads } = this.#options;
    const previous = this.#models;
    const predictor = openPredictor({
      model: run.model,
      newest: () => run.newest,
      directory: run.directory,
      predictUrl,
      native,
      config,
      onIncident: (message) => run.log.append({ type: "incident", message }),
    });
    if (this.#library) this.#library.turnTo(run, run);
    else this.#library = RunLibrary.live(run, queue, threads);
    const opened = { predictor, close: () => predictor.close() };
    const served = withLabelling(opened, { config, directory: run.directory, run: run.model.config });
    const models = new ServedModels([[DEFAULT_NAME, served]]);
    this.#models = models;
    service.serve({
      runs: this.#library,
      models,
      training: this.#status.read,
      cluster: this.#status.cluster,
    });
    previous?.close();
  }

  /** Serves the saved run in `directory` from now on. Requests that the previous one has are answered. */
  async turnTo(directory: string): Promise<void> {
    const { service, config, predictUrl, native, note } = this.#options;
    const parts = { predictUrl, native, config, onIncident: note };
    const open = async () => await openServed({ model: await openModel(directory), directory }, parts);
    const run = { id: basename(directory), directory };
    if (this.#models) {
      await this.#models.load(DEFAULT_NAME, open);
      return this.#library?.turnTo(run);
    }
    this.#library = RunLibrary.saved(directory, run.id);
    this.#models = new ServedModels([[DEFAULT_NAME, await open()]]);
    service.serve({ runs: this.#library, models: this.#models, training: this.#status.read });
  }

  /** Shows `run`, which is trained, while another one answers; serves it if none does. */
  watch(run: TrainingRun): void {
    if (this.#library) this.#library.turnTo(run, run);
    else this.show(run);
  }

  /** Lists `run`, a trial, beside the run that is served, or serves it if none is. */
  list(run: TrainingRun): void {
    if (this.#library) this.#library.add(run);
    else this.show(run);
  }

  /** Records an event of the run. */
  observe(event: RunEvent): void {
    this.#status.observe(this.#library?.show(event) ?? event);
  }

  async close(): Promise<void> {
    this.#models?.close();
    await this.#library?.examinations.close();
  }
}

interface TrainingStatus {
  /** Records `event`. */
  observe(event: RunEvent): void;
  /** Returns the machines of the run, if it is on several. */
  cluster(): ClusterStatus | undefined;
  /** Returns undefined before the first progress. */
  read(): TrainingMetrics | undefined;
}

/** Keeps at most this many incidents of all machines. */
const MAX_INCIDENTS = 50;

/** Follows training by its newest events. */
export function createTrainingStatus(): TrainingStatus {
  let newest: Omit<TrainingMetrics, "incidents"> | undefined;
  let count = 0;
  let cluster: ClusterView | undefined;
  /** An incident without a member happened on this machine. */
  let incidents: readonly EventOf<"incident">[] = [];
  return {
    observe(event) {
      if (event.type === "incident") {
        incidents = [...incidents, event].slice(-MAX_INCIDENTS);
        if (event.member === undefined) count++;
      }
      if (event.type === "started") [cluster, incidents] = [undefined, []];
      if (event.type === "cluster") {
        const { id: _, at: __, type: ___, ...view } = event;
        cluster = view;
      }
      if (event.type === "finished" && newest) newest = { ...newest, sequencesPerSecond: 0 };
      if (event.type !== "progress") return;
      const { round, epoch, training, sequencesPerSecond } = event;
      newest = { round, epoch, ...training, sequencesPerSecond };
    },
    cluster: () =>
      cluster && {
        ...cluster,
        incidents: incidents.map(({ at, message, member = cluster!.member }) => ({ at, member, message })),
      },
    read: () => newest && { ...newest, incidents: count },
  };
}
