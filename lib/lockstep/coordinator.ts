/**
 * This layer trains a run: worker threads take rounds on one shared memory, and the weights do not depend on their number.
 * It does not compute gradients (lib/engine does), writes no file and serves nothing. Start here for the main thread,
 * with worker_loop.ts for a worker's rounds, and with memory/map.ts for the memory that they share.
 *
 * The coordinator starts a crew of workers, reads what they commit, asks them to stop, and replaces the crew when a worker
 * is lost. It takes no part in a round.
 */
import { TrainingError } from "../base/errors.ts";
import type { ClusterView } from "../base/events/cluster_view.ts";
import type { Incident } from "../base/events.ts";
import { isNewBest } from "./commit/best_state.ts";
import { type EpochRecord, RecordReader, type RollbackRecord, type RoundRecord } from "./commit/records.ts";
import { type Counters, Crew } from "./crew.ts";
import { withBest } from "./initial_state.ts";
import { StopReason, stopReason, Word } from "./memory/control.ts";
import { type Committed, readState, readStateInTurns, type State } from "./memory/state.ts";
import { restoresBest } from "./memory/training_history.ts";
import type { SharedRun } from "./memory/views.ts";
import { createPlan, type LockstepConfig, type Plan } from "./plan.ts";

/** Reports what happened since the last update. */
export interface Update {
  readonly rounds: readonly RoundRecord[];
  /** May repeat an epoch after a crew was replaced. */
  readonly epochs: readonly EpochRecord[];
  /** Rounds that undid others. */
  readonly rollbacks: readonly RollbackRecord[];
  /** `[worker]`: sums since the start. */
  readonly counters: readonly Counters[];
  /** Lost workers and the response to each loss, on all machines. */
  readonly incidents: readonly Incident[];
  /** All machines that take part, if there are several. */
  readonly cluster?: ClusterView | undefined;
}

/** Connects to the other machines that take part in the same rounds. Without it, a machine trains by itself. */
export interface MachineLink {
  /** Joins the rounds, once the workers of `coordinator` have started. */
  start(coordinator: Coordinator): void;
  /** Returns the news since the last call. Throws a TrainingError if this machine cannot take part any more. */
  news(): { readonly incidents: readonly Incident[]; readonly cluster: ClusterView | undefined };
  /** Tells the other machines of an incident on this one. */
  tell(incident: string): void;
  /** Leaves after the current order, and lets this machine's workers end. */
  leave(): void;
  /** Resolves when the others need nothing more from this machine. */
  ended(): Promise<void>;
  /** Closes the connection. */
  close(): void;
}

interface CoordinatorOptions {
  readonly config: LockstepConfig;
  /** The module that a worker runs: workers/train.ts. */
  readonly workerUrl: URL;
  /** Training starts from this state. */
  readonly initial: State;
  /** A memory that already holds `initial`. */
  readonly run?: SharedRun | undefined;
  /** The weights before the first round, `[layout.size]`, if the seed does not draw them. */
  readonly given?: Float32Array | undefined;
  /** The link to other machines, if there are any: `config.remote` says so to the workers. */
  readonly link?: MachineLink | undefined;
}

/** Reads the rings this often: enough for a live display, and too rarely to cost training anything. */
const UPDATE_MS = 100;

export class Coordinator {
  readonly plan: Plan;
  readonly #options: CoordinatorOptions;
  #crew: Crew;
  #reader: RecordReader;
  #restarts = 0;
  #stopRequest: StopReason | undefined;
  #paused = false;
  #incidents: Incident[] = [];
  #restored: { readonly state: State; readonly done: () => void } | undefined;
  /** Holds the sums of earlier crews. */
  #counted: readonly Counters[];

  constructor(options: CoordinatorOptions) {
    const { config, workerUrl, run } = options;
    this.#options = options;
    this.plan = createPlan(config);
    const initial = withBest(this.plan, config.training, options.initial, options.given);
    this.#crew = new Crew({ config, plan: this.plan, workerUrl, initial, run, attempt: 0 });
    this.#reader = new RecordReader(this.#crew.run);
    this.#counted = this.#crew.counters();
  }

  /** Counts the rounds committed so far. */
  get round(): number {
    return Atomics.load(this.#crew.run.control, Word.round);
  }

  /** Returns the shared memory of the current crew: a new crew has a new one. */
  get memory(): WebAssembly.Memory {
    return this.#crew.run.memory;
  }

  /** Is true when all workers have left. */
  get isEnded(): boolean {
    return this.#crew.ended;
  }

  /** Continues from `state`, which another machine computed. Resolves when the new workers have started. */
  restore(state: State): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#restored = { state, done: resolve };
    return promise;
  }

  /** Copies the newest committed state, at any time. */
  state(): State {
    return readState(this.#crew.run, this.#options.config.training);
  }

  /** Does the same and yields to other tasks while it copies a large one. */
  stateInTurns(): Promise<State> {
    return readStateInTurns(this.#crew.run, this.#options.config.training);
  }

  /** Returns the state that training ends with if it is earlier than the newest, `state`. Call it after training. */
  earlierBest(state: State): Committed | undefined {
    const { best, history } = state;
    const isNewest = isNewBest(this.#crew.run, state.round);
    return restoresBest(this.#options.config.training) && history.best && !isNewest ? best : undefined;
  }

  /** Ends training after the current round; the first reason stays. */
  requestStop(reason: StopReason): void {
    this.#stopRequest ??= reason;
    this.#crew.requestStop(this.#stopRequest);
    this.setPaused(false);
    this.#options.link?.leave();
  }

  /** Pauses training after the current round, or resumes it. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#crew.setPaused(paused);
  }

  /** Is true during a pause: from the end of the round until training resumes. */
  get isPaused(): boolean {
    return this.#crew.isPaused;
  }

  /** Starts the workers; resolves to the engine's full name. Throws a TrainingError if they cannot start. */
  async start(): Promise<string> {
    for (;;) {
      const engine = await this.#crew.start(UPDATE_MS);
      if (engine !== undefined) return engine;
      this.#replaceCrew();
    }
  }

  /**
   * Runs until training ends and yields an update about ten times a second. Returns why training ended. Throws a
   * TrainingError if training cannot continue; the committed state can still be read.
   */
  async *updates(): AsyncGenerator<Update, StopReason, void> {
    const { link } = this.#options;
    link?.start(this);
    for (;;) {
      const crew = this.#crew;
      Atomics.store(crew.run.control, Word.driftRequest, 1);
      const { ended } = crew;
      // Reads up to the current round, whose earlier records are all written. Workers may write an epoch and a rollback
      // of later rounds meanwhile: these wait, as the log has records in the order of their rounds.
      yield this.#read(ended ? Infinity : this.round);
      if (this.#restored) {
        const { state, done } = this.#restored;
        this.#restored = undefined;
        this.#startCrew(state);
        await this.start();
        done();
        continue;
      }
      crew.checkHearts();
      if (crew.failure) {
        // Reports the rounds committed so far. The next crew repeats any round that this one may still commit.
        yield this.#read(this.round);
        this.#replaceCrew();
        await this.start();
        continue;
      }
      if (ended) {
        await link?.ended();
        yield this.#read(Infinity);
        break;
      }
      await crew.settled(UPDATE_MS);
    }
    const reason = stopReason(Atomics.load(this.#crew.run.control, Word.outcome));
    if (reason === undefined) throw new TrainingError("The workers left before training ended");
    return reason;
  }

  /** Ends all threads. */
  close(): void {
    this.#crew.close();
    this.#options.link?.close();
  }

  /** Reads the news up to `lastRound`. */
  #read(lastRound: number): Update {
    const news = this.#options.link?.news();
    const incidents = [...this.#incidents, ...news?.incidents ?? []];
    this.#incidents = [];
    return {
      epochs: this.#reader.epochs(lastRound),
      rollbacks: this.#reader.rollbacks(lastRound),
      rounds: this.#reader.rounds(lastRound),
      counters: this.#crew.counters().map((counters, worker) => sum(counters, this.#counted[worker]!)),
      incidents,
      ...news?.cluster && { cluster: news.cluster },
    };
  }

  /** Replaces the crew by a new one on the committed state. Throws a TrainingError if that cannot help. */
  #replaceCrew(): void {
    const { config } = this.#options;
    const { message, final } = this.#crew.failure!;
    if (final) throw new TrainingError(message);
    if (this.#restarts >= config.maxRestarts) {
      const after = this.#restarts === 0 ? "" : `, after ${this.#restarts} restarts`;
      throw new TrainingError(`${message}${after}`);
    }
    this.#restarts++;
    const initial = this.state();
    this.#startCrew(initial);
    const restart = `restart ${this.#restarts} of ${config.maxRestarts}`;
    const incident = `${message}; repeating round ${initial.round + 1} (${restart})`;
    this.#incidents.push({ message: incident });
    this.#options.link?.tell(incident);
  }

  /** Starts another crew on `initial`, in place of the current one. */
  #startCrew(initial: State): void {
    const { config, workerUrl } = this.#options;
    const counted = this.#crew.counters().map((counters, worker) => sum(counters, this.#counted[worker]!));
    this.#crew.close();
    this.#crew = new Crew({ config, plan: this.plan, workerUrl, initial, attempt: this.#restarts });
    if (this.#stopRequest !== undefined) this.#crew.requestStop(this.#stopRequest);
    this.#crew.setPaused(this.#paused);
    this.#reader = new RecordReader(this.#crew.run);
    this.#counted = counted;
  }
}

function sum(a: Counters, b: Counters): Counters {
  return {
    computeMs: a.computeMs + b.computeMs,
    waitMs: a.waitMs + b.waitMs,
    averageMs: a.averageMs + b.averageMs,
    sequences: a.sequences + b.sequences,
  };
}
