/** Runs trainings small enough for tests, through the coordinator and its real threads. */
import { type TrainingConfig, trainingConfigSchema } from "../../lib/config/schema.ts";
import { tableConfig } from "../../lib/data/batches/table_config.ts";
import type { TrainingData } from "../../lib/data/batches/table.ts";
import type { ChaosRates } from "../../lib/lockstep/chaos.ts";
import type { StopReason } from "../../lib/lockstep/memory/control.ts";
import { Coordinator } from "../../lib/lockstep/coordinator.ts";
import { initialState } from "../../lib/lockstep/initial_state.ts";
import { createPlan } from "../../lib/lockstep/plan.ts";
import type { EpochRecord, RollbackRecord, RoundRecord } from "../../lib/lockstep/commit/records.ts";
import type { Committed, State } from "../../lib/lockstep/memory/state.ts";
import { PATIENCE_MS } from "../patience.ts";
import type { Fault } from "./faulty_worker.ts";
import type { Kinds } from "./mixed_worker.ts";

const soundWorker = new URL("../../workers/train.ts", import.meta.url);
const mixedWorker = new URL("./mixed_worker.ts", import.meta.url);
const faultyWorker = new URL("./faulty_worker.ts", import.meta.url);

/** Returns a config of 4 shards and two epochs of 4 steps; no schema checks its learning rate. */
export function tinyConfig({ learningRate = 0.05, ...change }: Partial<TrainingConfig> = {}): TrainingConfig {
  const config = trainingConfigSchema.parse({
    vocabulary: 12,
    length: 4,
    embedding: 4,
    hidden: 5,
    batchSize: 6,
    shards: 4,
    epochs: 2,
    stepsPerEpoch: 4,
    heldOut: 300, // one chunk of 256 and a part of one
    targetAccuracy: 0,
    backend: "cpu",
    ...change,
  });
  return { ...config, learningRate };
}

interface TinyOptions {
  readonly fault?: Fault;
  /** The kernels of each worker; WebAssembly by default. */
  readonly kinds?: Kinds;
  readonly workerTimeoutMs?: number;
  readonly maxRestarts?: number;
  /** The rows of the task table. */
  readonly data?: TrainingData;
  readonly chaos?: ChaosRates;
  /** The state that training resumes from; the initial one by default. */
  readonly initial?: State;
  /** Runs before training starts. */
  readonly created?: (coordinator: Coordinator) => void;
  /** Runs at every update. */
  readonly watch?: (coordinator: Coordinator, rounds: readonly RoundRecord[]) => void;
}

interface TinyRun {
  readonly reason: StopReason;
  readonly engine: string;
  readonly state: State;
  /** The state that the run ends with: the last one, or the best one before it. */
  readonly ended: Committed;
  readonly rounds: readonly RoundRecord[];
  readonly epochs: readonly EpochRecord[];
  readonly rollbacks: readonly RollbackRecord[];
  /** Sequences that each worker counted. */
  readonly sequences: readonly number[];
}

/** Trains to the end. Throws the errors of the coordinator, and an error at a deadline. */
export async function train(recipe: TrainingConfig, workers: number, options: TinyOptions = {}): Promise<TinyRun> {
  const { fault, kinds, workerTimeoutMs = PATIENCE_MS, maxRestarts = 0, chaos = {}, data } = options;
  const training = data ? tableConfig(recipe, data) : recipe;
  const config = {
    training,
    ...(data ? { data } : {}),
    workers,
    workerTimeoutMs,
    maxRestarts,
    chaos,
    spin: workers <= 2,
    fault,
    ...kinds && { kinds, native: kinds.find((kind) => kind !== undefined) },
  };
  const workerUrl = fault ? faultyWorker : kinds ? mixedWorker : soundWorker;
  const initial = options.initial ?? initialState(createPlan(config), training);
  const coordinator = new Coordinator({ config, workerUrl, initial });
  options.created?.(coordinator);
  const deadline = setTimeout(() => coordinator.close(), 2 * PATIENCE_MS);
  const rounds: RoundRecord[] = [];
  const epochs: EpochRecord[] = [];
  const rollbacks: RollbackRecord[] = [];
  let sequences: number[] = [];
  try {
    const engine = await coordinator.start();
    const updates = coordinator.updates();
    for (;;) {
      const next = await updates.next();
      if (next.done) {
        const state = coordinator.state();
        const ended = coordinator.earlierBest(state) ?? state;
        return { reason: next.value, engine, state, ended, rounds, epochs, rollbacks, sequences };
      }
      rounds.push(...next.value.rounds);
      epochs.push(...next.value.epochs);
      rollbacks.push(...next.value.rollbacks);
      sequences = next.value.counters.map((counters) => counters.sequences);
      options.watch?.(coordinator, next.value.rounds);
    }
  } finally {
    clearTimeout(deadline);
    coordinator.close();
  }
}

/** Picks at most 6 of `all`, spread evenly from the first to the last. */
export function someOf<Item>(all: readonly Item[]): Item[] {
  return all.filter((_, i) => i === all.length - 1 || i % Math.ceil(all.length / 5) === 0);
}
