/** Describes what a worker's part in a round needs, for all kinds of rounds. */
import type { Batch, BatchMetrics } from "../../data/batch.ts";
import type { Engine } from "../../engine/contract.ts";
import type { Barrier } from "../barrier.ts";
import type { Moment } from "../chaos.ts";
import type { Claims } from "../work_stealing.ts";
import type { LockstepConfig, Plan } from "../plan.ts";
import type { RowFinder } from "../memory/sparse_rows.ts";
import type { Round } from "../schedule.ts";
import type { SharedRun } from "../memory/views.ts";

/** All that a worker's part of a round needs. */
export interface WorkerContext {
  readonly worker: number;
  readonly config: LockstepConfig;
  readonly plan: Plan;
  readonly run: SharedRun;
  readonly engine: Engine;
  /** All shards, those that are this worker's first. */
  readonly shards: readonly number[];
  readonly claims: Claims;
  readonly barrier: Barrier;
  /** Faults on purpose, at the moments of a round. */
  readonly chaos: (round: number, moment: Moment) => void;
  /** Runs `work` and adds its wall time to this worker's counter of that kind: what it helped others within is compute. */
  timed<Result>(kind: "compute" | "wait" | "average", work: () => Result): Result;
  /** Forgets what `shard` did in earlier rounds, or in this one before it was done again. */
  beginShard(shard: number): void;
  /** Finds, by the stamps of some shards and the stamp of a round, the rows that are this worker's in it. */
  readonly findRows: RowFinder;
  /** Draws the batch of `shard` at `step` and returns it; one of no rows is no step. */
  trainingBatch(shard: number, step: number): Batch;
  /** The learning rate of `step` in the round that follows `committed` rounds. */
  learningRate(step: number, committed: number): number;
  /** Adds a step's sums to the round's figures of `shard`. */
  count(shard: number, batch: Batch, metrics: BatchMetrics): void;
}

/**
 * A worker's part in the round that follows `committed` rounds, up to the barrier that commits it; or "left" where
 * everyone is told to end without it.
 */
export type RoundPart = (round: Round, committed: number) => "left" | void;

/** Which worker this is. */
export interface Place {
  readonly worker: number;
  /** Crews before this one. */
  readonly attempt: number;
  readonly config: LockstepConfig;
}
