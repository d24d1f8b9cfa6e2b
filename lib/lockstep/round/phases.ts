/**
 * Trains the phases of a round with averaged weights: in each the shards take local steps, and between two of them every
 * group of shards averages its replicas. The caller averages over all shards at the end of the round.
 */
import type { Span } from "../../engine/tree_nodes.ts";
import { phasesOf, type Round } from "../schedule.ts";
import type { WorkerContext } from "./context.ts";
import { groupMeans } from "./group_means.ts";
import { localSteps } from "./local_steps.ts";

/** Does this worker's part of training `shards`, until their slots hold the replicas that the round averages. */
export type TrainPhases = (
  shards: readonly number[],
  groups: readonly Span[],
  round: Round,
  committed: number,
) => void;

export function trainPhases(context: WorkerContext): TrainPhases {
  const { config: { training }, timed, barrier } = context;
  const takeSteps = localSteps(context);
  const averageGroup = groupMeans(context);

  return function train(shards, groups, round, committed) {
    for (const phase of phasesOf(training, round)) {
      timed("compute", () => context.claims.each(shards, (shard) => takeSteps(shard, phase, committed)));
      if (phase.isFirst) context.chaos(committed, 1);
      timed("wait", () => barrier());
      if (phase.isLast) return;
      timed("average", () => groups.forEach((group) => averageGroup(group, phase, committed)));
      timed("wait", () => barrier());
    }
  };
}
