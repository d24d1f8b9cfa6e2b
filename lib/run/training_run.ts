/** One training from config to summary: its directory, its event log, and all that is written about it. */
import { join } from "node:path";
import { type Config, type TrainingConfig } from "../config/schema.ts";
import { errorMessage } from "../errors.ts";
import type { Figures, NewEvent, Summary } from "../events.ts";
import { reasonText, StopReason } from "../lockstep/control.ts";
import type { Coordinator } from "../lockstep/coordinator.ts";
import type { LockstepConfig } from "../lockstep/plan.ts";
import { type State, stateDigest } from "../lockstep/state.ts";
import { CheckpointStore, createCheckpointTimer } from "./checkpoint_store.ts";
import { createRunDirectory, linkLatest } from "./directory.ts";
import { type Earlier, NOTHING_EARLIER, readEarlier } from "./earlier.ts";
import { EventLog } from "./event_log.ts";
import { FileWork } from "./file_work.ts";
import { writeJson } from "./files.ts";
import { checkData, createManifest, readManifest } from "./manifest.ts";
import { writeModel } from "./model_files.ts";
import type { LiveWeights, ModelVersion, Newest } from "./model_version.ts";
import { createNarrator } from "./narrator.ts";
import { type Prepared, prepareRun, trainingFor, type TrainingRunOptions } from "./prepare.ts";
import { createSummary, engineName } from "./summary.ts";
import { type DataSource, dataSummary } from "./run_data.ts";
import type { RunState } from "./types.ts";

interface Parts {
  readonly id: string;
  readonly directory: string;
  readonly startedAt: string;
  readonly log: EventLog;
  readonly prepared: Prepared;
  readonly options: TrainingRunOptions;
  readonly earlier: Earlier | undefined;
  /** With checkpoints that are newer than the one that was taken. */
  readonly problems: readonly string[];
}

export class TrainingRun {
  readonly id: string;
  readonly directory: string;
  readonly log: EventLog;
  readonly startedAt: string;
  readonly config: TrainingConfig;
  readonly #config: Config;
  /** Where the data came from, if that was files, and what is done about it. */
  readonly #source: DataSource | undefined;
  readonly #fileWork: FileWork | undefined;
  readonly #checkpoints: CheckpointStore;
  /** What the log says of this run's earlier processes, if there were any. */
  readonly #earlier: Earlier | undefined;
  readonly #problems: readonly string[];
  readonly #lockstep: LockstepConfig;
  readonly #coordinator: Coordinator;
  readonly #initial: State;
  #state: RunState = "running";
  #stopReason: StopReason | undefined;
  #live: LiveWeights | undefined;
  /** What the run ended with. */
  #final: ModelVersion | undefined;

  private constructor(parts: Parts) {
    const { id, directory, startedAt, log, prepared, earlier, problems } = parts;
    const { config, data, source, baselineUrl } = parts.options;
    this.id = id;
    this.directory = directory;
    this.startedAt = startedAt;
    this.log = log;
    this.config = prepared.lockstep.training;
    this.#config = config;
    this.#lockstep = prepared.lockstep;
    this.#coordinator = prepared.coordinator;
    this.#initial = prepared.initial;
    this.#source = source;
    this.#earlier = earlier;
    this.#problems = problems;
    this.#checkpoints = new CheckpointStore(directory, this.#layout, config.keepCheckpoints);
    const isTold = earlier?.isBaselineTold ?? false;
    const append = (event: NewEvent) => void this.log.append(event);
    this.#fileWork = data && source && new FileWork({ data, source, seed: config.seed, baselineUrl, isTold, append });
  }

  /** Makes the run and its directory, and starts nothing. Throws an InputError if it cannot be. */
  static async create(options: TrainingRunOptions): Promise<TrainingRun> {
    const { config, data, source } = options;
    const training = trainingFor(options);
    const prepared = await prepareRun(options, training, () => Promise.resolve(undefined));
    const now = new Date();
    const id = await createRunDirectory(config.runsDir, now);
    const directory = join(config.runsDir, id);
    const startedAt = now.toISOString();
    const { workers } = prepared.lockstep;
    const manifest = await createManifest({ id, startedAt, config: training, workers }, data);
    await writeJson(join(directory, "run.json"), manifest);
    if (source) await writeJson(join(directory, "data.json"), source.statistics);
    linkLatest(config.runsDir, id);
    const path = join(directory, "events.jsonl");
    const log = await EventLog.create(path);
    return new TrainingRun({ id, directory, startedAt, log, prepared, options, earlier: undefined, problems: [] });
  }

  /**
   * Takes up the run in `directory` where its newest whole checkpoint is. Of `options.config` only how to go about it
   * counts; what is trained is in `run.json`. Throws an InputError if the run or its data changed, or if it cannot be read.
   */
  static async resume(directory: string, options: TrainingRunOptions): Promise<TrainingRun> {
    const manifest = await readManifest(directory);
    const { id, startedAt, config: training } = manifest;
    if (training.task === "table") checkData(manifest, options.data?.digest);
    const path = join(directory, "events.jsonl");
    const log = await EventLog.open(path);
    try {
      const earlier = await readEarlier(path);
      let problems: readonly string[] = [];
      const prepared = await prepareRun(options, training, async (layout) => {
        const newest = await new CheckpointStore(directory, layout, options.config.keepCheckpoints).newest();
        problems = newest.problems;
        return newest.state;
      });
      return new TrainingRun({ id, directory, startedAt, log, prepared, options, earlier, problems });
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** What `stop` was called with. */
  get stopReason(): StopReason | undefined {
    return this.#stopReason;
  }

  /**
   * Where the newest committed weights are while training goes on, then those that the run ended with; the same object
   * until they are elsewhere.
   */
  get newest(): Newest {
    if (this.#final) return this.#final;
    const { memory, plan: { map } } = this.#coordinator;
    if (this.#live?.memory !== memory) this.#live = { memory, map };
    return this.#live;
  }

  get state(): RunState {
    return this.#state;
  }

  /** Asks training to end after the round under way. Returns false, and does nothing, when it is ending or has ended. */
  stop(reason: StopReason): boolean {
    if (this.#state !== "running" && this.#state !== "paused") return false;
    this.#state = "stopping";
    this.#stopReason = reason;
    this.log.append({ type: "stopping", reason: reasonText(reason) });
    this.#coordinator.requestStop(reason);
    this.#fileWork?.stop();
    return true;
  }

  /** Pauses after the round under way. Returns false if it is not running. */
  pause(): boolean {
    if (this.#state !== "running") return false;
    this.#state = "paused";
    this.log.append({ type: "paused" });
    this.#coordinator.setPaused(true);
    return true;
  }

  /** Goes on after a pause. Returns false if there is none. */
  unpause(): boolean {
    if (this.#state !== "paused") return false;
    this.#state = "running";
    this.log.append({ type: "unpaused" });
    this.#coordinator.setPaused(false);
    return true;
  }

  /**
   * Trains to the end and writes checkpoint, model and summary. Call once. Throws a TrainingError if training could
   * not go on; the newest committed state is checkpointed then as well.
   */
  async train(): Promise<Summary> {
    try {
      if (this.#earlier) this.#logResumption();
      else this.#logStart();
      this.#fileWork?.start();
      const end = await this.#runToEnd();
      const newest = this.#coordinator.state();
      await this.#checkpoint(newest);
      const best = this.#coordinator.earlierBest(newest);
      const state = best ?? newest;
      const digest = stateDigest(state);
      const version = { round: state.round, digest, weights: state.values.subarray(0, this.#layout.size) };
      this.#final = version;
      await this.#writeModel(version);
      const { labels, config } = this;
      const judged = await this.#fileWork?.finish(this.directory, { config, labels, weights: version.weights });
      const { workers } = this.#lockstep;
      const sequences = this.#coordinator.plan.dataset.sequencesAfter(newest.step);
      const outcome = { run: this.id, config, workers, digest, newest, best, sequences, ...end };
      const summary = { ...createSummary(outcome), ...judged };
      await writeJson(join(this.directory, "summary.json"), summary);
      this.#state = "finished";
      this.log.append({ type: "finished", summary });
      return summary;
    } catch (error) {
      await this.#fail(error);
      throw error;
    } finally {
      this.#fileWork?.stop();
      this.#coordinator.close();
      await this.log.close();
    }
  }

  /** Class names; a label is a position in this list. */
  get labels(): readonly string[] {
    return this.#coordinator.plan.dataset.labels;
  }

  get #layout() {
    return this.#coordinator.plan.layout;
  }

  async #writeModel(version: ModelVersion): Promise<void> {
    const { id: run, config, labels } = this;
    const preprocessing = this.#source && { preprocessing: this.#source.preprocessing };
    await writeModel(this.directory, { run, config, labels, version, ...preprocessing });
  }

  #logStart(): void {
    this.log.append({
      type: "started",
      run: this.id,
      config: this.#config,
      parameters: this.#layout.parameters,
      labels: [...this.labels],
      ...this.#source && { data: dataSummary(this.#source) },
      workers: this.#lockstep.workers,
      shards: this.config.shards,
      engine: engineName(this.config),
      digest: stateDigest(this.#initial),
    });
  }

  #logResumption(): void {
    const { round, step } = this.#initial;
    const instead = round > 0 ? `the one of round ${round} is used` : "training begins again";
    for (const problem of this.#problems) {
      this.log.append({ type: "incident", message: `${problem}; ${instead}` });
    }
    const { workers } = this.#lockstep;
    this.log.append({ type: "resumed", round, step, workers, digest: stateDigest(this.#initial) });
  }

  async #runToEnd(): Promise<{ reason: StopReason; heldOut: Figures | null; seconds: number }> {
    await this.#coordinator.start();
    const earlier = this.#earlier ?? NOTHING_EARLIER;
    const narrator = createNarrator(this.config, earlier, (event) => this.log.append(event), () => performance.now());
    const { maxSeconds, checkpointEvery } = this.#config;
    const timer = maxSeconds > 0 ? setTimeout(() => this.stop(StopReason.time), maxSeconds * 1000) : undefined;
    const isCheckpointDue = createCheckpointTimer(checkpointEvery, this.#initial.round, () => performance.now());
    let taken: State | undefined;
    try {
      const updates = this.#coordinator.updates();
      for (;;) {
        const next = await updates.next();
        if (next.done) return { reason: next.value, heldOut: narrator.heldOut, seconds: narrator.seconds };
        narrator.tell(next.value);
        // A state is written when all that led to it is in the log: a resumed run tells only what comes after.
        if (taken) this.#checkpointAside(taken);
        taken = isCheckpointDue(this.#coordinator.round) ? this.#coordinator.state() : undefined;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Writes a checkpoint that nobody waits for. */
  #checkpointAside(state: State): void {
    this.#checkpoint(state).catch((error) => {
      this.log.append({ type: "incident", message: `A checkpoint could not be written: ${errorMessage(error)}` });
    });
  }

  async #checkpoint(state: State): Promise<string> {
    await this.log.flush();
    const { file, digest } = await this.#checkpoints.write(state);
    this.log.append({ type: "checkpoint", round: state.round, step: state.step, digest, file });
    return digest;
  }

  async #fail(error: unknown): Promise<void> {
    const reasons = [errorMessage(error)];
    try {
      const state = this.#coordinator.state();
      if (state.round > 0) await this.#checkpoint(state);
    } catch (second) {
      reasons.push(`and the checkpoint could not be written: ${errorMessage(second)}`);
    }
    this.#state = "failed";
    this.log.append({ type: "failed", error: reasons.join("; ") });
  }
}
