/**
 * Derives the steps of a round, its phases and its groups of shards. A round never straddles two epochs, so the last round
 * of an epoch may be shorter; round and epoch numbers count from 0, and everything follows from the rounds committed.
 */
import type { TrainingConfig } from "../config/schema.ts";
import type { Span } from "../engine/tree_nodes.ts";

export type ScheduleOptions = Pick<TrainingConfig, "epochs" | "stepsPerEpoch" | "averageEvery" | "clusterEvery">;

export interface Round {
  readonly epoch: number;
  /** Counts the steps that each shard has taken before this round. */
  readonly firstStep: number;
  /** Counts the local steps of each shard in this round. */
  readonly steps: number;
}

/** Describes steps without an averaging. A round has `clusterEvery` phases, fewer at the end of an epoch. */
export interface Phase {
  readonly firstStep: number;
  readonly steps: number;
  /** Is true for the phase that starts from the round's own state. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

function stepsPerRound({ averageEvery, clusterEvery }: ScheduleOptions): number {
  return averageEvery * clusterEvery;
}

export function roundsPerEpoch(options: ScheduleOptions): number {
  return Math.ceil(options.stepsPerEpoch / stepsPerRound(options));
}

export function totalRounds(options: ScheduleOptions): number {
  return options.epochs * roundsPerEpoch(options);
}

/** Returns the round that follows `committed` rounds. */
export function roundAt(options: ScheduleOptions, committed: number): Round {
  const perEpoch = roundsPerEpoch(options);
  const epoch = Math.floor(committed / perEpoch);
  const inEpoch = (committed % perEpoch) * stepsPerRound(options);
  const steps = Math.min(stepsPerRound(options), options.stepsPerEpoch - inEpoch);
  return { epoch, firstStep: epoch * options.stepsPerEpoch + inEpoch, steps };
}

/** Lists the phases of `round`, in order. */
export function phasesOf({ averageEvery }: ScheduleOptions, { firstStep, steps }: Round): Phase[] {
  return Array.from({ length: Math.ceil(steps / averageEvery) }, (_, phase) => {
    const before = phase * averageEvery;
    return {
      firstStep: firstStep + before,
      steps: Math.min(averageEvery, steps - before),
      isFirst: phase === 0,
      isLast: before + averageEvery >= steps,
    };
  });
}

/**
 * Lists the groups of shards that average among themselves between two phases (`groups`, `clusterEvery`): consecutive
 * shards, as even as possible. Like shards, groups belong to the run. A machine has whole groups, so their means need no
 * other machine. If a round has one phase, every shard is a group by itself.
 */
export function groupsOf(
  { shards, groups, clusterEvery }: Pick<TrainingConfig, "shards" | "groups" | "clusterEvery">,
): Span[] {
  const length = clusterEvery === 1 ? shards : groups;
  const edge = (group: number) => Math.floor(shards * group / length);
  return Array.from({ length }, (_, group) => ({ first: edge(group), last: edge(group + 1) }));
}

/** Counts the steps that each shard has taken after `committed` rounds. */
export function stepsAfter(options: ScheduleOptions, committed: number): number {
  return roundAt(options, committed).firstStep;
}

/** Returns the number that selects the masks of dropout at `step` of `shard`: see the contract of engines. */
export function dropoutDraw({ shards }: { readonly shards: number }, step: number, shard: number): number {
  return step * shards + shard;
}
