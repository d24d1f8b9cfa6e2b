/** Measures the product: worker threads in rounds over shared memory, as in a run. */
import { type TrainingConfig, trainingConfigSchema } from "../../lib/config/schema.ts";
import type { NativeLibrary } from "../../lib/engine/contract.ts";
import { StopReason } from "../../lib/lockstep/memory/control.ts";
import { Coordinator, type Update } from "../../lib/lockstep/coordinator.ts";
import { initialState } from "../../lib/lockstep/initial_state.ts";
import { createPlan, type LockstepConfig } from "../../lib/lockstep/plan.ts";
import { isOver, type Mark, type Stage, type Stages } from "../measure.ts";
import { type Shape, VOCABULARY } from "./shapes.ts";

/** Holds the results of measuring a step. */
export interface StepMetrics {
  /** The time of one step on every core, averaging included. */
  readonly msPerStep: number;
  /** The rate of all cores together. */
  readonly sequencesPerSecond: number;
  /** Counts the steps in the measured stage. */
  readonly steps: number;
  /** The fraction of the workers' time spent waiting for each other, 0 to 1; null if there is no such time. */
  readonly wait: number | null;
  /** The same for averaging. */
  readonly average: number | null;
}

/** Represents a contestant that takes turns with others. */
export interface Turns {
  /** Measures one turn. Throws TooSlow at the limit. */
  take(): Promise<StepMetrics>;
  close(): Promise<void>;
}

/** Reports that the measured stage was not over at the limit. */
export class TooSlow extends Error {
  override readonly name = "TooSlow";
}

interface LockstepOptions {
  readonly engine: Partial<TrainingConfig>;
  /** The native kernels, if there are any. */
  readonly native?: NativeLibrary | undefined;
  readonly shape: Shape;
  readonly workers: number;
  /** By default as many as workers. */
  readonly shards?: number;
  readonly stages: Stages;
}

const WORKER_URL = new URL("../../workers/train.ts", import.meta.url);
/** Exceeds the rounds of any measurement, which ends by a request. */
const STEPS = 1_000_000;
/** Is long, as a slow engine on a large batch takes a while between two signs of life. */
const WORKER_TIMEOUT_MS = 600_000;
/** Separates two looks at the round counter where the end of a round matters. */
const LOOK_MS = 1;
/** Warms up after a rest; the first warm-up is as long as the stages say. */
const SECOND_WARM_UP: Stage = { seconds: 0.05, steps: 1 };

/** Measures steps of `shape`: warm-up, measured stage, end. Throws TooSlow at the limit, with no thread left behind. */
export function measureLockstep(options: LockstepOptions): Promise<StepMetrics> {
  return measureRounds(lockstepConfig(options), sequencesOf(options), options.stages);
}

/** Measures rounds of one step each, of `sequences` sequences. Throws TooSlow as `measureLockstep` does. */
export async function measureRounds(config: LockstepConfig, sequences: number, stages: Stages): Promise<StepMetrics> {
  const run = await MeasuredRun.start(config, sequences, stages);
  try {
    return await run.measure();
  } finally {
    await run.close();
  }
}

/**
 * Prepares `count` independent runs for turns in which all are measured at the same time, with pauses in between. A step is
 * one of each run.
 */
export async function openLockstep(options: LockstepOptions, count: number): Promise<Turns> {
  const start = () => MeasuredRun.start(lockstepConfig(options), sequencesOf(options), options.stages);
  const runs = await Promise.all(Array.from({ length: count }, start));
  return {
    async take() {
      const metrics = await Promise.all(runs.map((run) => run.measure()));
      await Promise.all(runs.map((run) => run.rest()));
      if (count === 1) return metrics[0]!;
      const sequencesPerSecond = metrics.reduce((sum, run) => sum + run.sequencesPerSecond, 0);
      return {
        msPerStep: 1000 * count * sequencesOf(options) / sequencesPerSecond,
        sequencesPerSecond,
        steps: Math.min(...metrics.map(({ steps }) => steps)),
        wait: null,
        average: null,
      };
    },
    async close() {
      await Promise.all(runs.map((run) => run.close()));
    },
  };
}

/** Measures a run any number of times. */
class MeasuredRun {
  readonly #coordinator: Coordinator;
  readonly #updates: AsyncGenerator<Update, StopReason, void>;
  readonly #sequences: number;
  #stages: Stages;

  private constructor(coordinator: Coordinator, sequences: number, stages: Stages) {
    this.#coordinator = coordinator;
    this.#updates = coordinator.updates();
    this.#sequences = sequences;
    this.#stages = stages;
  }

  static async start(config: LockstepConfig, sequences: number, stages: Stages): Promise<MeasuredRun> {
    const initial = initialState(createPlan(config), config.training);
    const coordinator = new Coordinator({ config, workerUrl: WORKER_URL, initial });
    try {
      await coordinator.start();
    } catch (error) {
      coordinator.close();
      throw error;
    }
    return new MeasuredRun(coordinator, sequences, stages);
  }

  /** Measures once. Throws TooSlow at the limit. */
  async measure(): Promise<StepMetrics> {
    this.#coordinator.setPaused(false);
    const { first, last, before, after } = await watch(this.#coordinator, this.#updates, this.#stages);
    this.#stages = { ...this.#stages, warmUp: SECOND_WARM_UP };
    const secondsPerStep = (last.seconds - first.seconds) / (last.steps - first.steps);
    return {
      msPerStep: secondsPerStep * 1000,
      sequencesPerSecond: this.#sequences / secondsPerStep,
      steps: last.steps - first.steps,
      ...shares(before, after),
    };
  }

  /** Resolves when the threads are at rest until the next measurement. Throws TooSlow at the limit. */
  async rest(): Promise<void> {
    const { limitSeconds } = this.#stages;
    const started = performance.now();
    this.#coordinator.setPaused(true);
    while (!this.#coordinator.isPaused) {
      if (performance.now() - started > 1000 * limitSeconds) {
        throw new TooSlow(`not at rest after ${limitSeconds} s: a worker may have ended`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Waits for the steps under way: threads cannot be ended within a step, and would slow down the next measurement. */
  async close(): Promise<void> {
    try {
      this.#coordinator.requestStop(StopReason.signal);
      while (!(await this.#updates.next()).done);
    } finally {
      this.#coordinator.close();
    }
  }
}

function sequencesOf({ shape, workers, shards = workers }: LockstepOptions): number {
  return shards * shape.batch;
}

function lockstepConfig({ engine, native, shape, workers, shards = workers }: LockstepOptions): LockstepConfig {
  const { batch: batchSize, length, embedding, hidden } = shape;
  const training = trainingConfigSchema.parse({
    ...engine,
    vocabulary: VOCABULARY,
    length,
    embedding,
    hidden,
    batchSize,
    shards,
    averageEvery: 1,
    epochs: 1,
    stepsPerEpoch: STEPS,
    heldOut: 1,
    targetAccuracy: 0,
  });
  return {
    training,
    workers,
    workerTimeoutMs: WORKER_TIMEOUT_MS,
    maxRestarts: 0,
    chaos: {},
    native,
    spin: workers <= navigator.hardwareConcurrency,
  };
}

interface Watched {
  readonly first: Mark;
  readonly last: Mark;
  readonly before: Update;
  readonly after: Update;
}

async function watch(
  coordinator: Coordinator,
  updates: AsyncGenerator<Update, StopReason, void>,
  { warmUp, measured, limitSeconds }: Stages,
): Promise<Watched> {
  const mark = (): Mark => ({ seconds: performance.now() / 1000, steps: coordinator.round });
  const started = mark();
  const checkLimit = () => {
    const { seconds, steps } = mark();
    if (seconds - started.seconds <= limitSeconds) return;
    const done = steps - started.steps;
    throw new TooSlow(`${done} steps in ${limitSeconds} s, expected at least ${warmUp.steps + measured.steps}`);
  };
  /** Takes the mark at the end of the round under way: between two rounds the clock and the counter agree. */
  const atRoundEnd = async (): Promise<Mark> => {
    const { steps } = mark();
    while (coordinator.round === steps) {
      checkLimit();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return mark();
  };
  const run = async (stage: Stage, since: Mark): Promise<[Update, Mark]> => {
    for (;;) {
      const next = await updates.next();
      if (next.done) throw new Error("Training ended in the middle of a measurement");
      checkLimit();
      // Waits for the round under way, which counts.
      const { seconds, steps } = mark();
      if (isOver(stage, since, { seconds, steps: steps + 1 })) return [next.value, await atRoundEnd()];
    }
  };
  const [before, first] = await run(warmUp, started);
  const [after, last] = await run(measured, first);
  return { first, last, before, after };
}

function shares(before: Update, after: Update): { wait: number; average: number } {
  const spent = (kind: "computeMs" | "waitMs" | "averageMs") =>
    after.counters.reduce((sum, counters, worker) => sum + counters[kind] - before.counters[worker]![kind], 0);
  const wait = spent("waitMs");
  const average = spent("averageMs");
  const total = wait + average + spent("computeMs");
  return total > 0 ? { wait: wait / total, average: average / total } : { wait: 0, average: 0 };
}
