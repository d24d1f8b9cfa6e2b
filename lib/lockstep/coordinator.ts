/**
 * The main thread's side of a run: starts a crew of workers, reads what they commit, asks them to stop, and when one is
 * lost has another crew do the round again. It takes no part in a round.
 */
import { TrainingError } from "../errors.ts";
import type { ClusterView, Incident } from "../events.ts";
import { StopReason, stopReason, Word } from "./memory/control.ts";
import { restoresBest } from "./memory/training_history.ts";
import { Crew } from "./crew.ts";
import { withBest } from "./initial_state.ts";
import { isFoundBest } from "./commit/best_state.ts";
import { createPlan, type LockstepConfig, type Plan } from "./plan.ts";
import { type EpochRecord, RecordReader, type RollbackRecord, type RoundRecord } from "./commit/records.ts";
import type { Counters, SharedRun } from "./memory/views.ts";
import { type Committed, readState, type State } from "./memory/state.ts";

/** What happened since the last update. */
export interface Update {
  readonly rounds: readonly RoundRecord[];
  /** After a crew was replaced, an epoch whose end was told already may be told once more. */
  readonly epochs: readonly EpochRecord[];
  /** Rounds that took others back. */
  readonly rollbacks: readonly RollbackRecord[];
  /** `[worker]` sums since the start. */
  readonly counters: readonly Counters[];
  /** Workers that were lost, and what was done about it; on other machines, too. */
  readonly incidents: readonly Incident[];
  /** The machines that take part, where there are others. */
  readonly cluster?: ClusterView | undefined;
}

/** The way to other machines that take part in the same rounds. Without one, a machine averages alone. */
export interface Link {
  /** Takes part from now on: the workers of `coordinator` have started. */
  start(coordinator: Coordinator): void;
  /** What was worth telling since the last call. Throws a TrainingError if taking part is not possible any more. */
  news(): { readonly incidents: readonly Incident[]; readonly cluster: ClusterView | undefined };
  /** Lets the other machines know of an incident of this one. */
  tell(incident: string): void;
  /** Ends this machine's part after what it is at, and lets its workers leave. */
  leave(): void;
  /** Resolves when the others need nothing more of this machine. */
  ended(): Promise<void>;
  /** Closes the connection. */
  close(): void;
}

export interface CoordinatorOptions {
  readonly config: LockstepConfig;
  /** The module that a worker runs: workers/train.ts. */
  readonly workerUrl: URL;
  /** What training starts from. */
  readonly initial: State;
  /** The memory that it begins in, if there is one that has that state already. */
  readonly run?: SharedRun | undefined;
  /** The weights before the first round, `[layout.size]`, if they are not those that the seed draws. */
  readonly given?: Float32Array | undefined;
  /** To other machines, if there are any: `config.remote` says so to the workers. */
  readonly link?: Link | undefined;
}

/** Between two looks at the rings: often enough for a live display, rarely enough to cost training nothing. */
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
  /** What the crews before this one counted. */
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

  /** Rounds committed so far. */
  get round(): number {
    return Atomics.load(this.#crew.run.control, Word.round);
  }

  /** The shared memory that training is in now: another one after a crew was replaced. */
  get memory(): WebAssembly.Memory {
    return this.#crew.run.memory;
  }

  /** Whether all workers have left. */
  get isEnded(): boolean {
    return this.#crew.ended;
  }

  /** Goes on from `state`, as another machine came to it. Resolves when its workers have started. */
  restore(state: State): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#restored = { state, done: resolve };
    return promise;
  }

  /** A copy of the newest committed state, at any time. */
  state(): State {
    return readState(this.#crew.run, this.#options.config.training);
  }

  /** Once training has ended: the state to end with, if it is an earlier one than the newest, `state`. */
  earlierBest(state: State): Committed | undefined {
    const { best, course } = state;
    const isNewest = isFoundBest(this.#crew.run, state.round);
    return restoresBest(this.#options.config.training) && course.best && !isNewest ? best : undefined;
  }

  /** Ends training after the round under way; a first reason stays. */
  requestStop(reason: StopReason): void {
    this.#stopRequest ??= reason;
    this.#crew.requestStop(this.#stopRequest);
    this.setPaused(false);
    this.#options.link?.leave();
  }

  /** Pauses training after the round under way, or ends the pause. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#crew.setPaused(paused);
  }

  /** Whether training is at rest, as it is from the end of a round on, and until the one after the pause has ended. */
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
   * Runs until training ends, with an update about ten times a second. Returns why it ended. Throws a TrainingError if
   * training cannot go on; the committed state can still be read.
   */
  async *updates(): AsyncGenerator<Update, StopReason, void> {
    const { link } = this.#options;
    link?.start(this);
    for (;;) {
      const crew = this.#crew;
      Atomics.store(crew.run.control, Word.driftRequest, 1);
      const { ended } = crew;
      yield this.#read(Infinity);
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
        // What was committed since the last look; a later round that the crew may still commit is done again.
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

  /** What is new up to `lastRound`. */
  #read(lastRound: number): Update {
    const news = this.#options.link?.news();
    const incidents = [...this.#incidents, ...news?.incidents ?? []];
    this.#incidents = [];
    return {
      epochs: this.#reader.epochs().filter(({ round }) => round <= lastRound),
      rollbacks: this.#reader.rollbacks().filter(({ round }) => round <= lastRound),
      rounds: this.#reader.rounds().filter(({ round }) => round <= lastRound),
      counters: this.#crew.counters().map((counters, worker) => sum(counters, this.#counted[worker]!)),
      incidents,
      ...news?.cluster && { cluster: news.cluster },
    };
  }

  /** Gives up the crew for a new one on the committed state. Throws a TrainingError if that is of no use any more. */
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
    const incident = `${message}; round ${initial.round + 1} is done again (${restart})`;
    this.#incidents.push({ message: incident });
    this.#options.link?.tell(incident);
  }

  /** Another crew, on `initial`, in the place of the one that there is. */
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
