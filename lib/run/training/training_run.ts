/**
 * Trains one run from its config to its summary, and writes its event log, checkpoints, model and metrics. Start here to
 * see the course of a run; lib/lockstep computes the rounds.
 */
import { join } from "node:path";
import type { TrainingConfig } from "../../config/schema.ts";
import { errorCode, errorMessage } from "../../base/errors.ts";
import type { Metrics, NewEvent, Summary } from "../../base/events.ts";
import { reasonText, StopReason } from "../../lockstep/memory/control.ts";
import { engineName } from "../../engine/create_engine.ts";
import type { Coordinator } from "../../lockstep/coordinator.ts";
import { type State, stateDigestInTurns } from "../../lockstep/memory/state.ts";
import { createCheckpointTimer } from "../files/checkpoint_store.ts";
import { EMPTY_RECAP } from "../log/log_recap.ts";
import type { EventLog } from "../log/event_log.ts";
import { NgramJob } from "./ngram_job.ts";
import { writeJson } from "../files/files.ts";
import { writeModel } from "../files/model_files.ts";
import type { LiveWeights, ModelVersion, Newest, TrainedModel } from "../../predict/trained_model.ts";
import { createEventWriter } from "../log/event_writer.ts";
import { earlierRun, newRun, type OpenRun } from "./open_run.ts";
import type { TrainingRunOptions } from "./prepare.ts";
import { withWordVectors } from "../../model/word_vectors.ts";
import { BackgroundCheckpoints, savingError } from "./background_checkpoints.ts";
import { createSummary } from "../log/summary.ts";
import { dataSummary } from "./reload_data.ts";
import type { RunData } from "./run_data.ts";
import type { RunState } from "../types.ts";

/** Describes the end of the rounds. */
interface End {
  readonly reason: StopReason;
  readonly heldOut: Metrics | null;
  readonly seconds: number;
}

export class TrainingRun {
  readonly id: string;
  readonly directory: string;
  readonly log: EventLog;
  readonly startedAt: string;
  readonly config: TrainingConfig;
  readonly #open: OpenRun;
  readonly #ngramJob: NgramJob | undefined;
  readonly #checkpoints: BackgroundCheckpoints;
  readonly #coordinator: Coordinator;
  #state: RunState = "running";
  #stopReason: StopReason | undefined;
  /** Says whether all rounds are done and only saving is left. */
  #ended = false;
  #live: LiveWeights | undefined;
  /** The model that the run ended with. */
  #final: ModelVersion | undefined;

  private constructor(open: OpenRun) {
    const { id, directory, startedAt, log, prepared, recap, options: { config, baselineUrl, native } } = open;
    this.id = id;
    this.directory = directory;
    this.startedAt = startedAt;
    this.log = log;
    this.config = prepared.lockstep.training;
    this.#open = open;
    this.#coordinator = prepared.coordinator;
    this.#checkpoints = new BackgroundCheckpoints(directory, this.#layout, config.keepCheckpoints, log);
    const isLogged = recap?.isBaselineLogged ?? false;
    const append = (event: NewEvent) => void this.log.append(event);
    const timeoutMs = config.workerTimeout * 1000;
    const work = { config: this.config, baselineUrl, native, timeoutMs, isLogged, append };
    this.#ngramJob = this.rows && new NgramJob({ ...this.rows, ...work });
  }

  /** Makes a new run and its directory, without starting it. Throws an InputError if it cannot. */
  static async create(options: TrainingRunOptions): Promise<TrainingRun> {
    return new TrainingRun(await newRun(options));
  }

  /**
   * Opens the run in `directory` at its newest whole checkpoint, with the options of the training in `run.json`, which then
   * has `epochs` in all. Throws an InputError if the run or its data changed, or if it cannot be read.
   */
  static async resume(directory: string, options: TrainingRunOptions, epochs?: number): Promise<TrainingRun> {
    return new TrainingRun(await earlierRun(directory, options, epochs));
  }

  /**
   * The memory with the newest committed weights while training continues, then the model that the run ended with. Returns
   * the same object until this changes.
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

  /** Asks training to end after the present round. Returns false if it is ending already or has ended. */
  stop(reason: StopReason): boolean {
    if (this.#state !== "running" && this.#state !== "paused") return false;
    this.#state = "stopping";
    this.#stopReason = reason;
    this.log.append({ type: "stopping", reason: reasonText(reason) });
    this.#coordinator.requestStop(reason);
    this.#ngramJob?.stop();
    return true;
  }

  /** Pauses after the present round. Returns false if the run is not running. */
  pause(): boolean {
    if (this.#state !== "running") return false;
    this.#state = "paused";
    this.log.append({ type: "paused" });
    this.#coordinator.setPaused(true);
    return true;
  }

  /** Continues after a pause. Returns false if the run is not paused. */
  unpause(): boolean {
    if (this.#state !== "paused") return false;
    this.#state = "running";
    this.log.append({ type: "unpaused" });
    this.#coordinator.setPaused(false);
    return true;
  }

  /**
   * Trains to the end and writes checkpoint, model and summary. Call once. Throws a TrainingError if training cannot
   * continue, after a checkpoint of the newest committed state, or if the results cannot be saved.
   */
  async train(): Promise<Summary> {
    try {
      if (this.#open.recap) this.#logResumption();
      else this.#logStart();
      this.#ngramJob?.start();
      const end = await this.#runToEnd();
      this.#ended = true;
      const summary = await this.#save(end).catch((error) => {
        throw errorCode(error) === undefined ? error : savingError(error, this.directory);
      });
      this.#state = "finished";
      this.log.append({ type: "finished", summary });
      return summary;
    } catch (error) {
      await this.#fail(error);
      throw error;
    } finally {
      this.#ngramJob?.stop();
      this.#coordinator.close();
      this.#open.held?.close();
      await this.#closeLog();
    }
  }

  /** Writes the last checkpoint, the model, the evaluation and the summary. */
  async #save(end: End): Promise<Summary> {
    const newest = await this.#coordinator.stateInTurns();
    await this.#checkpoints.writeLast(newest);
    const best = this.#coordinator.earlierBest(newest);
    const state = best ?? newest;
    const { spec, layout } = this.#coordinator.plan;
    const weights = withWordVectors(state.values.subarray(0, layout.size), spec, this.#open.options.data?.letters);
    const lstm = { round: state.round, digest: await stateDigestInTurns(state), weights };
    const finish = await this.#ngramJob?.finish(this.directory, { ...this.model, version: lstm });
    const version: ModelVersion = {
      ...lstm,
      ngrams: finish?.ngrams,
      rejection: finish?.rejection,
      thresholds: finish?.thresholds,
    };
    this.#final = version;
    await writeModel(this.directory, { ...this.model, version });
    const { workers } = this.#open.prepared.lockstep;
    const sequences = this.#coordinator.plan.dataset.sequencesAfter(newest.step);
    // A run that was stopped before its n-grams were done did not end by itself.
    const reason = finish?.isCut ? this.#stopReason ?? end.reason : end.reason;
    const metrics = finish?.metrics;
    const summary = createSummary({
      ...end,
      run: this.id,
      config: this.config,
      workers,
      engine: this.#engineName,
      digest: lstm.digest,
      newest,
      best,
      sequences,
      reason,
      metrics,
    });
    await writeJson(join(this.directory, "summary.json"), summary);
    return summary;
  }

  /** Closes the log. Throws if the last events of a finished run could not be written, as then they are lost. */
  async #closeLog(): Promise<void> {
    try {
      await this.log.close();
    } catch (error) {
      // A failed run has thrown its error already.
      if (this.#state === "finished") throw new Error(savingError(error, this.directory).message, { cause: error });
    }
  }

  /** The rows of files that it trains on, if it does. */
  get rows(): RunData | undefined {
    const { data, source } = this.#open.options;
    return data && source && { data, source };
  }

  /** The trained model without its weights. */
  get model(): Omit<TrainedModel, "version"> {
    const { id: run, config } = this;
    const { source } = this.#open.options;
    const { labels } = this.#coordinator.plan.dataset;
    return { run, config, labels, ...source && { preprocessing: source.preprocessing } };
  }

  get #engineName(): string {
    return engineName(this.config, this.#open.prepared.lockstep.native);
  }

  get #layout() {
    return this.#coordinator.plan.layout;
  }

  #logStart(): void {
    const { options: { config, source }, prepared: { lockstep: { workers }, initialDigest, warnings } } = this.#open;
    this.log.append({
      type: "started",
      run: this.id,
      // The options of this process, and those of the training with the sizes of its data.
      config: { ...config, ...this.config },
      parameters: this.#layout.parameters,
      labels: [...this.model.labels],
      ...source && { data: dataSummary(source, warnings) },
      workers,
      shards: this.config.shards,
      engine: this.#engineName,
      digest: initialDigest,
    });
  }

  #logResumption(): void {
    const { problems, prepared: { initial: { round, step }, lockstep: { workers }, initialDigest: digest } } =
      this.#open;
    const instead = round > 0 ? `the one of round ${round} is used` : "training begins again";
    for (const problem of problems) {
      this.log.append({ type: "incident", message: `${problem}; ${instead}` });
    }
    const { epochs, extendedAfter } = this.config;
    const more = extendedAfter !== "" && { epochs };
    this.log.append({ type: "resumed", round, step, workers, engine: this.#engineName, digest, ...more });
  }

  async #runToEnd(): Promise<End> {
    await this.#coordinator.start();
    const { recap = EMPTY_RECAP, prepared: { initial }, options: { config: { maxSeconds, checkpointEvery } } } =
      this.#open;
    const now = () => performance.now();
    const { labelled } = this.#coordinator.plan.dataset;
    const append = (event: NewEvent) => this.log.append(event);
    const events = createEventWriter(this.config, recap, append, now, labelled?.training);
    const isCheckpointDue = createCheckpointTimer(checkpointEvery, initial.round, now);
    const timer = maxSeconds > 0 ? setTimeout(() => this.stop(StopReason.time), maxSeconds * 1000) : undefined;
    let pending: State | undefined;
    try {
      const updates = this.#coordinator.updates();
      for (;;) {
        const next = await updates.next();
        if (next.done) {
          // The log may have an epoch after the round at which this process began: its metrics are of another state.
          const logged = recap.epochRound <= initial.round ? recap.heldOut : null;
          return { reason: next.value, heldOut: events.heldOut ?? logged, seconds: events.seconds };
        }
        events.write(next.value);
        this.#checkpoints.logFailures();
        // A state is written after its events are in the log: a resumed run logs only later events.
        if (pending) this.#checkpoints.writeInBackground(pending);
        pending = isCheckpointDue(this.#coordinator.round) ? await this.#coordinator.stateInTurns() : undefined;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #fail(error: unknown): Promise<void> {
    const reasons = [errorMessage(error)];
    try {
      const state = await this.#coordinator.stateInTurns();
      if (state.round > 0 && !this.#ended) await this.#checkpoints.writeLast(state);
    } catch (second) {
      reasons.push(`and the checkpoint could not be written: ${errorMessage(second)}`);
    }
    this.#state = "failed";
    this.log.append({ type: "failed", error: reasons.join("; ") });
  }
}
