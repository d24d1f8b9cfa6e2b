/** One training from config to summary: its directory, its event log, and all that is written about it. */
import { join } from "node:path";
import { type Config, type TrainingConfig } from "../../config/schema.ts";
import { errorMessage } from "../../base/errors.ts";
import type { Metrics, NewEvent, Summary } from "../../base/events.ts";
import { reasonText, StopReason } from "../../lockstep/memory/control.ts";
import type { Coordinator } from "../../lockstep/coordinator.ts";
import type { LockstepConfig } from "../../lockstep/plan.ts";
import { type State, stateDigestInTurns } from "../../lockstep/memory/state.ts";
import { createCheckpointTimer } from "../files/checkpoint_store.ts";
import { type Earlier, NOTHING_EARLIER } from "../log/log_recap.ts";
import type { EventLog } from "../log/event_log.ts";
import { NgramJob } from "./ngram_job.ts";
import { errorCode, writeJson } from "../files/files.ts";
import { writeModel } from "../files/model_files.ts";
import type { LiveWeights, ModelVersion, Newest, TrainedModel } from "../../predict/trained_model.ts";
import { createNarrator } from "../log/event_writer.ts";
import { earlierRun, newRun, type OpenRun } from "./open_run.ts";
import type { Prepared, TrainingRunOptions } from "./prepare.ts";
import { Saver, unsaved } from "./background_checkpoints.ts";
import { createSummary, engineName } from "../log/summary.ts";
import { type DataSource, dataSummary } from "./reload_data.ts";
import type { RunState } from "../types.ts";

/** How the rounds ended. */
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
  readonly #config: Config;
  /** Where the data came from, if that was files, and what is done about it. */
  readonly #source: DataSource | undefined;
  readonly #ngramJob: NgramJob | undefined;
  readonly #saver: Saver;
  /** What the log says of this run's earlier processes, if there were any. */
  readonly #earlier: Earlier | undefined;
  readonly #problems: readonly string[];
  readonly #lockstep: LockstepConfig;
  readonly #coordinator: Coordinator;
  readonly #prepared: Prepared;
  #state: RunState = "running";
  #stopReason: StopReason | undefined;
  /** Whether all rounds are done, and only saving is left. */
  #ended = false;
  #live: LiveWeights | undefined;
  /** What the run ended with. */
  #final: ModelVersion | undefined;

  private constructor(parts: OpenRun) {
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
    this.#prepared = prepared;
    this.#source = source;
    this.#earlier = earlier;
    this.#problems = problems;
    this.#saver = new Saver(directory, this.#layout, config.keepCheckpoints, log);
    const isLogged = earlier?.isBaselineLogged ?? false;
    const append = (event: NewEvent) => void this.log.append(event);
    const timeoutMs = config.workerTimeout * 1000;
    const work = { config: this.config, baselineUrl, timeoutMs, isLogged, append };
    this.#ngramJob = data && source && new NgramJob({ data, source, ...work });
  }

  /** Makes the run and its directory, and starts nothing. Throws an InputError if it cannot be. */
  static async create(options: TrainingRunOptions): Promise<TrainingRun> {
    return new TrainingRun(await newRun(options));
  }

  /**
   * Takes up the run in `directory` where its newest whole checkpoint is. Of `options.config` only how to go about it
   * counts; what is trained is in `run.json`. Throws an InputError if the run or its data changed, or if it cannot be read.
   */
  static async resume(directory: string, options: TrainingRunOptions): Promise<TrainingRun> {
    return new TrainingRun(await earlierRun(directory, options));
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
    this.#ngramJob?.stop();
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
   * not go on (the newest committed state is checkpointed then as well), or if what it came to could not be saved.
   */
  async train(): Promise<Summary> {
    try {
      if (this.#earlier) this.#logResumption();
      else this.#logStart();
      this.#ngramJob?.start();
      const end = await this.#runToEnd();
      this.#ended = true;
      const summary = await this.#save(end).catch((error) => {
        throw errorCode(error) === undefined ? error : unsaved(error, this.directory);
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
      await this.#closeLog();
    }
  }

  /** Writes all that a run ends with. */
  async #save(end: End): Promise<Summary> {
    const newest = await this.#coordinator.stateInTurns();
    await this.#saver.checkpoint(newest);
    const best = this.#coordinator.earlierBest(newest);
    const state = best ?? newest;
    const [digest, weights] = [await stateDigestInTurns(state), state.values.subarray(0, this.#layout.size)];
    const lstm = { round: state.round, digest, weights };
    const finish = await this.#ngramJob?.finish(this.directory, { ...this.model, version: lstm });
    const version: ModelVersion = { ...lstm, ...finish?.ngrams && { ngrams: finish.ngrams } };
    this.#final = version;
    await writeModel(this.directory, { ...this.model, version });
    const { workers } = this.#lockstep;
    const sequences = this.#coordinator.plan.dataset.sequencesAfter(newest.step);
    // A run that was stopped before its n-grams were done is not at its end.
    const reason = finish?.isCut ? this.#stopReason ?? end.reason : end.reason;
    const metrics = finish?.metrics;
    const summary = createSummary({
      ...end,
      run: this.id,
      config: this.config,
      workers,
      digest,
      newest,
      best,
      sequences,
      reason,
      metrics,
    });
    await writeJson(join(this.directory, "summary.json"), summary);
    return summary;
  }

  /** Throws if the last events of a run that is finished could not be written: nobody reads them any more. */
  async #closeLog(): Promise<void> {
    try {
      await this.log.close();
    } catch (error) {
      // Who failed has said so where somebody listens.
      if (this.#state === "finished") throw new Error(unsaved(error, this.directory).message, { cause: error });
    }
  }

  /** Class names; a label is a position in this list. */
  get labels(): readonly string[] {
    return this.#coordinator.plan.dataset.labels;
  }

  /** What predicts, beside the weights. */
  get model(): Omit<TrainedModel, "version"> {
    const { id: run, config, labels } = this;
    return { run, config, labels, ...this.#source && { preprocessing: this.#source.preprocessing } };
  }

  get #layout() {
    return this.#coordinator.plan.layout;
  }

  #logStart(): void {
    this.log.append({
      type: "started",
      run: this.id,
      // What is trained as its data have it, and how this process goes about it.
      config: { ...this.#config, ...this.config },
      parameters: this.#layout.parameters,
      labels: [...this.labels],
      ...this.#source && { data: dataSummary(this.#source, this.#prepared.warnings) },
      workers: this.#lockstep.workers,
      shards: this.config.shards,
      engine: engineName(this.config),
      digest: this.#prepared.initialDigest,
    });
  }

  #logResumption(): void {
    const { round, step } = this.#prepared.initial;
    const instead = round > 0 ? `the one of round ${round} is used` : "training begins again";
    for (const problem of this.#problems) {
      this.log.append({ type: "incident", message: `${problem}; ${instead}` });
    }
    const [{ workers }, digest] = [this.#lockstep, this.#prepared.initialDigest];
    this.log.append({ type: "resumed", round, step, workers, digest });
  }

  async #runToEnd(): Promise<End> {
    await this.#coordinator.start();
    const earlier = this.#earlier ?? NOTHING_EARLIER;
    const isDone = earlier.epochRound <= this.#prepared.initial.round;
    const narrator = createNarrator(this.config, earlier, (event) => this.log.append(event), () => performance.now());
    const { maxSeconds, checkpointEvery } = this.#config;
    const timer = maxSeconds > 0 ? setTimeout(() => this.stop(StopReason.time), maxSeconds * 1000) : undefined;
    const isCheckpointDue = createCheckpointTimer(
      checkpointEvery,
      this.#prepared.initial.round,
      () => performance.now(),
    );
    let taken: State | undefined;
    try {
      const updates = this.#coordinator.updates();
      for (;;) {
        const next = await updates.next();
        if (next.done) {
          return {
            reason: next.value,
            heldOut: narrator.heldOut ?? (isDone ? earlier.heldOut : null),
            seconds: narrator.seconds,
          };
        }
        narrator.tell(next.value);
        this.#saver.look();
        // A state is written when all that led to it is in the log: a resumed run tells only what comes after.
        if (taken) this.#saver.checkpointAside(taken);
        taken = isCheckpointDue(this.#coordinator.round) ? await this.#coordinator.stateInTurns() : undefined;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #fail(error: unknown): Promise<void> {
    const reasons = [errorMessage(error)];
    try {
      const state = await this.#coordinator.stateInTurns();
      if (state.round > 0 && !this.#ended) await this.#saver.checkpoint(state);
    } catch (second) {
      reasons.push(`and the checkpoint could not be written: ${errorMessage(second)}`);
    }
    this.#state = "failed";
    this.log.append({ type: "failed", error: reasons.join("; ") });
  }
}
