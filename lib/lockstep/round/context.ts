/**
 * This layer is one worker's part of a round, up to the barrier that commits it: local steps or gradients, and averages.
 * It commits nothing and decides nothing about the run. Start with the types below, then read average_weights.ts; the other
 * kinds of rounds give the same bits with less work, or together with other machines.
 */
import type { Batch, BatchMetrics } from "../../data/batches/batch.ts";
import type { Engine } from "../../engine/contract.ts";
import type { Barrier } from "../barrier.ts";
import type { Moment } from "../chaos.ts";
import type { Counter } from "../memory/fields.ts";
import type { RowFinder } from "../memory/sparse_rows.ts";
import type { SharedRun } from "../memory/views.ts";
import type { LockstepConfig, Plan } from "../plan.ts";
import type { Round } from "../round_schedule.ts";
import type { Claims } from "../work_stealing.ts";

/** Holds everything that a worker needs in a round. */
export interface WorkerContext {
  readonly worker: number;
  readonly config: LockstepConfig;
  readonly plan: Plan;
  readonly run: SharedRun;
  readonly engine: Engine;
  /** All shards, this worker's own ones first. */
  readonly shards: readonly number[];
  readonly claims: Claims;
  readonly barrier: Barrier;
  /** Injects the faults of `chaos`, at the moments of a round. */
  readonly chaos: (round: number, moment: Moment) => void;
  /** Runs `work` and adds its wall time to this worker's counter of that kind. Help for other workers counts as compute. */
  timed<Result>(kind: Exclude<keyof typeof Counter, "sequences">, work: () => Result): Result;
  /** Clears the sums of `shard` from earlier rounds, or from an interrupted attempt at this one. */
  beginShard(shard: number): void;
  /** Finds this worker's rows in a round, by the stamps of some shards and the stamp of the round. */
  readonly findRows: RowFinder;
  /** Returns the batch of `shard` at `step`. A batch without rows is no step. */
  trainingBatch(shard: number, step: number): Batch;
  /** Returns the learning rate of `step` in the round that follows `committed` rounds. */
  learningRate(step: number, committed: number): number;
  /** Adds a step's sums to the sums of `shard` in this round. */
  count(shard: number, batch: Batch, metrics: BatchMetrics): void;
}

/**
 * Does a worker's part of the round that follows `committed` rounds, up to the barrier that commits it. Returns "left" if
 * all workers leave without the round.
 */
export type WorkerRound = (round: Round, committed: number) => "left" | void;

/** Identifies a worker. */
export interface WorkerIdentity {
  readonly worker: number;
  /** Counts the crews before this one. */
  readonly attempt: number;
  readonly config: LockstepConfig;
}
