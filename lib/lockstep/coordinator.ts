/**
 * The main thread's side of a run: makes the shared memory, starts the workers and watches them. It takes no part in
 * a round; it reads what they commit, asks them to stop, and gives the run up when one is lost.
 */
import { TrainingError } from "../errors.ts";
import { abort } from "./barrier.ts";
import { StopReason, stopReason, Word } from "./control.ts";
import { createPlan, type LockstepConfig, type Plan } from "./plan.ts";
import { type EpochRecord, RecordReader, type RoundRecord } from "./records.ts";
import { type Counters, type SharedRun, sharedRun } from "./shared_run.ts";
import { readState, type State, writeState } from "./state.ts";
import type { WorkerReply, WorkerStart } from "./worker.ts";

/** What happened since the last update. */
export interface Update {
  readonly rounds: readonly RoundRecord[];
  readonly epochs: readonly EpochRecord[];
  /** `[worker]` sums since the start. */
  readonly counters: readonly Counters[];
}

export interface CoordinatorOptions {
  readonly config: LockstepConfig;
  /** The module that a worker runs: workers/train.ts. */
  readonly workerUrl: URL;
  /** What training starts from. */
  readonly initial: State;
}

/** Between two looks at the rings: often enough for a live display, rarely enough to cost training nothing. */
const UPDATE_MS = 100;

interface WorkerThread {
  readonly thread: Worker;
  readonly ended: Promise<void>;
  heart: number;
  heardAt: number;
  done: boolean;
}

export class Coordinator {
  readonly plan: Plan;
  readonly #options: CoordinatorOptions;
  readonly #run: SharedRun;
  #threads: WorkerThread[] = [];
  #failure: string | undefined;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.plan = createPlan(options.config);
    this.#run = sharedRun(this.plan.map);
    writeState(this.#run, options.initial);
  }

  /** Rounds committed so far. */
  get round(): number {
    return Atomics.load(this.#run.control, Word.round);
  }

  /** A copy of the newest committed state, at any time. */
  state(): State {
    return readState(this.#run, this.#options.config.training);
  }

  /** Ends training after the round under way; a first reason stays. */
  requestStop(reason: StopReason): void {
    Atomics.compareExchange(this.#run.control, Word.stopRequest, 0, reason);
  }

  /** Starts the workers; resolves to the engine's full name. Throws a TrainingError if one cannot start. */
  async start(): Promise<string> {
    const { config } = this.#options;
    const ready: Promise<string>[] = [];
    for (let worker = 0; worker < config.workers; worker++) ready.push(this.#spawn(worker));
    const all = Promise.all(ready).then(([engine]) => engine!);
    let engine: string | undefined;
    while (engine === undefined) {
      engine = await within(UPDATE_MS, all);
      this.#checkHearts();
      if (this.#failure !== undefined) throw new TrainingError(this.#failure);
    }
    return engine;
  }

  /**
   * Runs until training ends, with an update about ten times a second and one at each end of an epoch. Returns why it
   * ended. Throws a TrainingError if a worker fails or is lost; the committed state can still be read.
   */
  async *updates(): AsyncGenerator<Update, StopReason, void> {
    const { control, counters } = this.#run;
    const reader = new RecordReader(this.#run);
    const read = (): Update => ({
      epochs: reader.epochs(),
      rounds: reader.rounds(),
      counters: counters.map(([computeMs, waitMs, averageMs, sequences]) => ({
        computeMs: computeMs!,
        waitMs: waitMs!,
        averageMs: averageMs!,
        sequences: sequences!,
      })),
    });
    for (;;) {
      Atomics.store(control, Word.driftRequest, 1);
      const ended = this.#threads.every(({ done }) => done);
      yield read();
      this.#checkHearts();
      if (this.#failure !== undefined) throw new TrainingError(this.#failure);
      if (ended) break;
      await within(UPDATE_MS, Promise.all(this.#threads.map((thread) => thread.ended)));
    }
    const reason = stopReason(Atomics.load(control, Word.outcome));
    if (reason === undefined) throw new TrainingError("The workers left before training ended");
    return reason;
  }

  /** Ends all threads. A worker in the middle of a step ends with it. */
  close(): void {
    abort(this.#run.control);
    for (const { thread } of this.#threads) thread.terminate();
  }

  #spawn(worker: number): Promise<string> {
    const { config, workerUrl } = this.#options;
    const thread = new Worker(workerUrl, { type: "module", name: `train ${worker}`, deno: { permissions: "none" } });
    const ready = Promise.withResolvers<string>();
    const ended = Promise.withResolvers<void>();
    const entry: WorkerThread = { thread, ended: ended.promise, heart: 0, heardAt: performance.now(), done: false };
    const end = (failure?: string) => {
      entry.done = true;
      if (failure !== undefined) {
        this.#failure ??= `Worker ${worker} failed: ${failure}`;
        ready.reject(new TrainingError(this.#failure));
        abort(this.#run.control);
      }
      ended.resolve();
    };
    thread.onmessage = ({ data }: MessageEvent<WorkerReply>) => {
      switch (data.type) {
        case "ready":
          return ready.resolve(data.engine);
        case "failed":
          return end(data.error);
        case "done":
          return end();
      }
    };
    thread.onerror = (event) => {
      event.preventDefault();
      end(event.message);
    };
    thread.postMessage({ worker, config, memory: this.#run.memory } satisfies WorkerStart);
    this.#threads.push(entry);
    return ready.promise;
  }

  #checkHearts(): void {
    const { workerTimeoutMs } = this.#options.config;
    for (const [worker, entry] of this.#threads.entries()) {
      const heart = Atomics.load(this.#run.hearts[worker]!, 0);
      if (heart !== entry.heart || entry.done) {
        entry.heart = heart;
        entry.heardAt = performance.now();
      } else if (performance.now() - entry.heardAt > workerTimeoutMs) {
        this.#failure ??= `Worker ${worker} showed no sign of life for ${workerTimeoutMs / 1000} s`;
        abort(this.#run.control);
      }
    }
  }
}

/** What `event` comes to, or nothing if it takes longer than `milliseconds`. */
async function within<Value>(milliseconds: number, event: Promise<Value>): Promise<Value | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), milliseconds);
  try {
    return await Promise.race([event, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
