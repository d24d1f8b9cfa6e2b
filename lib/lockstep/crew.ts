/**
 * Holds the workers of one attempt and their shared memory. A crew that loses a worker is replaced as a whole: the next one
 * continues from the committed state in another memory. The runtime cannot terminate a worker that hangs, but nothing reads
 * the memory that it may still write to.
 */
import { Pulse } from "../platform/pulse.ts";
import { within } from "../base/waiting.ts";
import { threadPermissions } from "../engine/create_engine.ts";
import { stillFitting } from "../engine/simd/native/library.ts";
import { startThread, type Thread } from "../platform/threads.ts";
import { abort } from "./barrier.ts";
import { Word } from "./memory/control.ts";
import { Counter } from "./memory/fields.ts";
import type { LockstepConfig, Plan } from "./plan.ts";
import { type SharedRun, sharedRun } from "./memory/views.ts";
import { type State, writeState } from "./memory/state.ts";
import type { WorkerReply, WorkerStart } from "./worker.ts";

interface CrewOptions {
  readonly config: LockstepConfig;
  readonly plan: Plan;
  /** The module that a worker runs: workers/train.ts. */
  readonly workerUrl: URL;
  /** This crew starts from this state. */
  readonly initial: State;
  /** A memory that already holds `initial`. */
  readonly run?: SharedRun | undefined;
  /** Counts the crews before this one. */
  readonly attempt: number;
}

/** Says why a crew failed. */
interface Failure {
  readonly message: string;
  /** Is true if another crew would fail in the same way. */
  readonly final: boolean;
}

/** Sums up one worker: wall time by kind, and sequences. */
export interface Counters {
  readonly computeMs: number;
  readonly waitMs: number;
  readonly averageMs: number;
  readonly sequences: number;
}

interface WorkerThread {
  readonly thread: Thread;
  readonly ready: Promise<string | undefined>;
  readonly ended: Promise<void>;
  readonly pulse: Pulse;
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
    // Measures a round even if the run ends before the first update.
    Atomics.store(this.run.control, Word.driftRequest, 1);
  }

  /** Is set once a worker failed or was lost. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Is true when all workers have left. */
  get ended(): boolean {
    return this.#threads.every(({ done }) => done);
  }

  /** Is true when all workers pause: they start no round until the pause ends. */
  get isPaused(): boolean {
    return Atomics.load(this.run.control, Word.pausedAt) !== 0;
  }

  /** Returns each worker's sums since this crew started. */
  counters(): Counters[] {
    return this.run.counters.map((counters) => ({
      computeMs: counters[Counter.compute]!,
      waitMs: counters[Counter.wait]!,
      averageMs: counters[Counter.average]!,
      sequences: counters[Counter.sequences]!,
    }));
  }

  /** Starts the workers and checks them every `lookMs`. Resolves to the engine's full name, or to undefined on failure. */
  async start(lookMs: number): Promise<string | undefined> {
    const { workers } = this.#options.config;
    this.#threads = Array.from({ length: workers }, (_, worker) => this.#spawn(worker));
    const all = Promise.all(this.#threads.map(({ ready }) => ready));
    for (;;) {
      const names = await within(lookMs, all, undefined);
      this.checkHearts();
      if (this.#failure) return undefined;
      if (names) return names[0];
    }
  }

  /** Resolves when all workers have left, or after `milliseconds`. */
  async settled(milliseconds: number): Promise<void> {
    await within(milliseconds, Promise.all(this.#threads.map(({ ended }) => ended)), undefined);
  }

  /** Fails the crew if the heart of a worker has not beaten for too long. */
  checkHearts(): void {
    const { workerTimeoutMs } = this.#options.config;
    for (const [worker, entry] of this.#threads.entries()) {
      if (entry.done || !entry.pulse.isSilent(Atomics.load(this.run.hearts[worker]!, 0), workerTimeoutMs)) continue;
      this.#fail(silence(worker, workerTimeoutMs / 1000), false);
    }
  }

  /** Requests the end after the current round; the first reason stays. */
  requestStop(reason: number): void {
    Atomics.compareExchange(this.run.control, Word.stopRequest, 0, reason);
  }

  /** Requests a pause after the current round, or ends it. */
  setPaused(paused: boolean): void {
    const { control } = this.run;
    if ((Atomics.load(control, Word.pauseRequest) & 1) === (paused ? 1 : 0)) return;
    Atomics.add(control, Word.pauseRequest, 1);
    Atomics.notify(control, Word.pauseRequest);
  }

  /** Ends all threads. One that hangs or computes stays until the process ends, in a memory without readers. */
  close(): void {
    abort(this.run.control);
    for (const { thread } of this.#threads) thread.terminate();
  }

  /** Keeps the first failure, and lets the other workers leave. */
  #fail(message: string, final: boolean): void {
    this.#failure ??= { message, final };
    abort(this.run.control);
  }

  #spawn(worker: number): WorkerThread {
    const { plan, workerUrl, attempt } = this.#options;
    const native = stillFitting(plan.engine.native);
    const config = { ...this.#options.config, native };
    const ready = Promise.withResolvers<string | undefined>();
    const ended = Promise.withResolvers<void>();
    const end = () => {
      entry.done = true;
      ready.resolve(undefined);
      ended.resolve();
    };
    const onMessage = (reply: WorkerReply) => {
      switch (reply.type) {
        case "ready":
          return ready.resolve(reply.engine);
        case "failed":
          this.#fail(`Worker ${worker} failed: ${reply.error}`, reply.final);
          return end();
        case "done":
          return end();
      }
    };
    const thread = startThread(workerUrl, {
      name: `train ${worker}`,
      permissions: threadPermissions(native),
      onMessage,
      onError: (message) => {
        this.#fail(`Worker ${worker} failed: ${message}`, false);
        end();
      },
    });
    const entry = {
      thread,
      ready: ready.promise,
      ended: ended.promise,
      pulse: new Pulse(),
      done: false,
    };
    thread.postMessage({ worker, attempt, config, memory: this.run.memory } satisfies WorkerStart);
    return entry;
  }
}

function silence(worker: number, seconds: number): string {
  return `Worker ${worker} showed no sign of life for ${seconds} s: it hangs, or a step takes longer and needs a smaller ` +
    "batch size or length, or a longer worker timeout";
}
