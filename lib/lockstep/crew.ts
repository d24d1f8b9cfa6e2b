/**
 * The workers of one attempt, and the shared memory that they alone have. An attempt that loses a worker is given up as
 * a whole: the next crew goes on from the committed state in a memory of its own. That is what fences off a worker that
 * hangs, which this runtime cannot terminate: whatever it still writes, nobody reads.
 */
import { abort } from "./barrier.ts";
import { Word } from "./memory/control.ts";
import type { LockstepConfig, Plan } from "./plan.ts";
import { type Counters, type SharedRun, sharedRun } from "./memory/views.ts";
import { type State, writeState } from "./memory/state.ts";
import type { WorkerReply, WorkerStart } from "./worker.ts";

export interface CrewOptions {
  readonly config: LockstepConfig;
  readonly plan: Plan;
  /** The module that a worker runs: workers/train.ts. */
  readonly workerUrl: URL;
  /** What this crew starts from. */
  readonly initial: State;
  /** The memory that it trains in, if there is one that has the initial state already. */
  readonly run?: SharedRun | undefined;
  /** Crews before this one. */
  readonly attempt: number;
}

/** Why a crew is given up. */
export interface Failure {
  readonly message: string;
  /** Whether another crew would come to the same. */
  readonly final: boolean;
}

interface WorkerThread {
  readonly thread: Worker;
  readonly ready: Promise<string | undefined>;
  readonly ended: Promise<void>;
  heart: number;
  heardAt: number;
  done: boolean;
}

export class Crew {
  readonly run: SharedRun;
  readonly #options: CrewOptions;
  #threads: readonly WorkerThread[] = [];
  #failure: Failure | undefined;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.run = options.run ?? sharedRun(options.plan.map);
    if (!options.run) writeState(this.run, options.initial);
    // Also of a run that is over before anybody looks.
    Atomics.store(this.run.control, Word.driftRequest, 1);
  }

  /** Once a worker failed or was lost. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Whether all workers have left. */
  get ended(): boolean {
    return this.#threads.every(({ done }) => done);
  }

  /** Whether all workers were told to pause: they do no other round until the pause ends. */
  get isPaused(): boolean {
    return Atomics.load(this.run.control, Word.pausedAt) !== 0;
  }

  /** Each worker's sums since this crew started. */
  counters(): Counters[] {
    return this.run.counters.map(([computeMs, waitMs, averageMs, sequences]) => ({
      computeMs: computeMs!,
      waitMs: waitMs!,
      averageMs: averageMs!,
      sequences: sequences!,
    }));
  }

  /** Starts the workers, looking after them every `lookMs`; resolves to the engine's full name, or to nothing on failure. */
  async start(lookMs: number): Promise<string | undefined> {
    const { workers } = this.#options.config;
    this.#threads = Array.from({ length: workers }, (_, worker) => this.#spawn(worker));
    const all = Promise.all(this.#threads.map(({ ready }) => ready));
    for (;;) {
      const names = await within(lookMs, all);
      this.checkHearts();
      if (this.#failure) return undefined;
      if (names) return names[0];
    }
  }

  /** Resolves when all workers have left, or after `milliseconds`. */
  async settled(milliseconds: number): Promise<void> {
    await within(milliseconds, Promise.all(this.#threads.map(({ ended }) => ended)));
  }

  /** Notices workers that have shown no sign of life for too long. */
  checkHearts(): void {
    const { workerTimeoutMs } = this.#options.config;
    for (const [worker, entry] of this.#threads.entries()) {
      const heart = Atomics.load(this.run.hearts[worker]!, 0);
      if (heart !== entry.heart || entry.done) {
        entry.heart = heart;
        entry.heardAt = performance.now();
      } else if (performance.now() - entry.heardAt > workerTimeoutMs) {
        this.#fail(silence(worker, workerTimeoutMs / 1000), false);
      }
    }
  }

  /** Asks for the end after the round under way; a first reason stays. */
  requestStop(reason: number): void {
    Atomics.compareExchange(this.run.control, Word.stopRequest, 0, reason);
  }

  /** Asks for a pause after the round under way, or for its end. */
  setPaused(paused: boolean): void {
    const { control } = this.run;
    if ((Atomics.load(control, Word.pauseRequest) & 1) === (paused ? 1 : 0)) return;
    Atomics.add(control, Word.pauseRequest, 1);
    Atomics.notify(control, Word.pauseRequest);
  }

  /** Ends all threads. One that hangs or computes goes on until the process ends, in a memory that nobody reads. */
  close(): void {
    abort(this.run.control);
    for (const { thread } of this.#threads) thread.terminate();
  }

  /** The first failure counts; the others' workers leave. */
  #fail(message: string, final: boolean): void {
    this.#failure ??= { message, final };
    abort(this.run.control);
  }

  #spawn(worker: number): WorkerThread {
    const { config, workerUrl, attempt } = this.#options;
    const thread = new Worker(workerUrl, { type: "module", name: `train ${worker}`, deno: { permissions: "none" } });
    const ready = Promise.withResolvers<string | undefined>();
    const ended = Promise.withResolvers<void>();
    const entry = {
      thread,
      ready: ready.promise,
      ended: ended.promise,
      heart: 0,
      heardAt: performance.now(),
      done: false,
    };
    const end = () => {
      entry.done = true;
      ready.resolve(undefined);
      ended.resolve();
    };
    thread.onmessage = ({ data }: MessageEvent<WorkerReply>) => {
      switch (data.type) {
        case "ready":
          return ready.resolve(data.engine);
        case "failed":
          this.#fail(`Worker ${worker} failed: ${data.error}`, data.final);
          return end();
        case "done":
          return end();
      }
    };
    thread.onerror = (event) => {
      event.preventDefault();
      this.#fail(`Worker ${worker} failed: ${event.message}`, false);
      end();
    };
    thread.postMessage({ worker, attempt, config, memory: this.run.memory } satisfies WorkerStart);
    return entry;
  }
}

function silence(worker: number, seconds: number): string {
  return `Worker ${worker} showed no sign of life for ${seconds} s: it hangs, or a step takes longer, which a smaller ` +
    "batch size or length, or a longer worker timeout, would help";
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
