/** One training from config to summary: its directory, its event log, and all that is written about it. */
import { join } from "node:path";
import { type Config, type TrainingConfig, trainingConfig } from "../config/schema.ts";
import { errorMessage, InputError } from "../errors.ts";
import type { Figures, Summary } from "../events.ts";
import { reasonText, StopReason } from "../lockstep/control.ts";
import { Coordinator } from "../lockstep/coordinator.ts";
import { initialState } from "../lockstep/initial_state.ts";
import { memoryMap } from "../lockstep/memory_map.ts";
import { createPlan, type LockstepConfig } from "../lockstep/plan.ts";
import { stepsAfter } from "../lockstep/schedule.ts";
import { type State, stateDigest } from "../lockstep/state.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { createRunDirectory, linkLatest } from "./directory.ts";
import { EventLog } from "./event_log.ts";
import { writeJson } from "./files.ts";
import { createManifest } from "./manifest.ts";
import { writeModel } from "./model_files.ts";
import { liveVersions, type VersionSource } from "./model_version.ts";
import { createProgress } from "./progress.ts";
import type { RunState } from "./types.ts";

export interface TrainingRunOptions {
  readonly config: Config;
  /** The module that a worker runs: workers/train.ts. */
  readonly workerUrl: URL;
  /** Cores of this machine. */
  readonly cores: number;
}

export class TrainingRun {
  readonly id: string;
  readonly directory: string;
  readonly log: EventLog;
  readonly startedAt: string;
  readonly config: TrainingConfig;
  /** The newest committed weights, at any time. */
  readonly versions: VersionSource;
  readonly #options: TrainingRunOptions;
  readonly #lockstep: LockstepConfig;
  readonly #coordinator: Coordinator;
  readonly #initial: State;
  #state: RunState = "running";
  #stopReason: StopReason | undefined;

  private constructor(
    options: TrainingRunOptions,
    parts: { id: string; directory: string; log: EventLog; startedAt: string; prepared: Prepared },
  ) {
    this.#options = options;
    this.id = parts.id;
    this.directory = parts.directory;
    this.log = parts.log;
    this.startedAt = parts.startedAt;
    this.config = parts.prepared.lockstep.training;
    this.#lockstep = parts.prepared.lockstep;
    this.#coordinator = parts.prepared.coordinator;
    this.#initial = parts.prepared.initial;
    this.versions = liveVersions(this.#coordinator);
  }

  /** Makes the run and its directory, and starts nothing. Throws an InputError if it cannot be. */
  static async create(options: TrainingRunOptions): Promise<TrainingRun> {
    const prepared = prepare(options);
    const { runsDir } = options.config;
    const now = new Date();
    const id = await createRunDirectory(runsDir, now);
    const directory = join(runsDir, id);
    const startedAt = now.toISOString();
    const { training, workers } = prepared.lockstep;
    await writeJson(join(directory, "run.json"), await createManifest({ id, startedAt, config: training, workers }));
    linkLatest(runsDir, id);
    const log = await EventLog.create(join(directory, "events.jsonl"));
    return new TrainingRun(options, { id, directory, log, startedAt, prepared });
  }

  /** What `stop` was called with. */
  get stopReason(): StopReason | undefined {
    return this.#stopReason;
  }

  get state(): RunState {
    return this.#state;
  }

  /** Asks training to end after the round under way. Harmless when it is ending or has ended. */
  stop(reason: StopReason): void {
    if (this.#state !== "running") return;
    this.#state = "stopping";
    this.#stopReason = reason;
    this.log.append({ type: "stopping", reason: reasonText(reason) });
    this.#coordinator.requestStop(reason);
  }

  /**
   * Trains to the end and writes checkpoint, model and summary. Call once. Throws a TrainingError if training could
   * not go on; the newest committed state is checkpointed then as well.
   */
  async train(): Promise<Summary> {
    try {
      await this.#logStart();
      const { reason, heldOut, seconds } = await this.#runToEnd();
      const state = this.#coordinator.state();
      const digest = await this.#checkpoint(state);
      const version = { round: state.round, digest, weights: state.values.subarray(0, this.#layout.size) };
      await writeModel(this.directory, { run: this.id, config: this.config, version });
      const sequences = state.step * this.config.shards * this.config.batchSize;
      const summary: Summary = {
        run: this.id,
        digest,
        heldOut,
        reason: reasonText(reason),
        epochs: Math.floor(state.step / this.config.stepsPerEpoch),
        rounds: state.round,
        steps: state.step,
        sequences,
        seconds,
        sequencesPerSecond: sequences / seconds,
        workers: this.#lockstep.workers,
        shards: this.config.shards,
        engine: engineName(this.config),
      };
      await writeJson(join(this.directory, "summary.json"), summary);
      this.#state = "finished";
      this.log.append({ type: "finished", summary });
      return summary;
    } catch (error) {
      await this.#fail(error);
      throw error;
    } finally {
      this.#coordinator.close();
      await this.log.close();
    }
  }

  get #layout() {
    return this.#coordinator.plan.layout;
  }

  async #logStart(): Promise<void> {
    this.log.append({
      type: "started",
      run: this.id,
      config: this.#options.config,
      parameters: this.#layout.parameters,
      labels: [...this.#coordinator.plan.dataset.labels],
      workers: this.#lockstep.workers,
      shards: this.config.shards,
      engine: engineName(this.config),
      digest: await stateDigest(this.#initial),
    });
  }

  async #runToEnd(): Promise<{ reason: StopReason; heldOut: Figures | null; seconds: number }> {
    await this.#coordinator.start();
    const startedAt = performance.now();
    const seconds = () => (performance.now() - startedAt) / 1000;
    const { maxSeconds } = this.#options.config;
    const timer = maxSeconds > 0 ? setTimeout(() => this.stop(StopReason.time), maxSeconds * 1000) : undefined;
    const steps = (round: number) => stepsAfter(this.config, round);
    const progress = createProgress(steps, () => performance.now());
    let heldOut: Figures | null = null;
    try {
      const updates = this.#coordinator.updates();
      for (;;) {
        const next = await updates.next();
        if (next.done) return { reason: next.value, heldOut, seconds: seconds() };
        for (const epoch of next.value.epochs) {
          this.log.append({ type: "epoch", ...epoch, step: steps(epoch.round), seconds: seconds() });
          heldOut = epoch.heldOut;
        }
        const event = progress(next.value, next.value.epochs.length > 0);
        if (event) this.log.append(event);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #checkpoint(state: State): Promise<string> {
    const { file, digest } = await writeCheckpoint(this.directory, this.#layout, state);
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

interface Prepared {
  readonly lockstep: LockstepConfig;
  readonly coordinator: Coordinator;
  readonly initial: State;
}

/** What a WebAssembly.Memory can have at most. */
const MAX_BYTES = 2 ** 32;

function prepare({ config, workerUrl, cores }: TrainingRunOptions): Prepared {
  const training = trainingConfig(config);
  const workers = config.workers === "auto" ? Math.min(cores, config.shards) : config.workers;
  const lockstep = { training, workers, workerTimeoutMs: config.workerTimeout * 1000, spin: workers <= cores };
  const plan = createPlan(lockstep);
  try {
    // Before the initial weights, which would take as much.
    const { byteLength } = memoryMap(plan.map);
    if (byteLength > MAX_BYTES) throw new RangeError(`${byteLength} bytes`);
    const initial = initialState(plan, training);
    return { lockstep, initial, coordinator: new Coordinator({ config: lockstep, workerUrl, initial }) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message =
      `${plan.layout.parameters} parameters on ${config.shards} shards need more shared memory than there ` +
      `can be (4 GiB): expected smaller values of vocabulary, embedding, hidden or shards`;
    throw new InputError([{ field: "shards", message }]);
  }
}

/** What computes, in full: `tfjs/wasm`. */
function engineName({ engine, backend }: TrainingConfig): string {
  return engine === "tfjs" ? `${engine}/${backend}` : engine;
}
