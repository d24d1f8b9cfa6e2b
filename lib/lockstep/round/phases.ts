/**
 * The parts of a round with averaged weights: in each the shards take local steps, and between two of them every group of
 * shards takes the mean of its replicas. The end of the round, which averages over all shards, is whoever calls this.
 */
import type { Span } from "../../engine/tree_nodes.ts";
import { groupMeans } from "./group_means.ts";
import { localSteps } from "./local_steps.ts";
import { partsOf, type Round } from "../schedule.ts";
import type { WorkerContext } from "./context.ts";

/** Does this worker's part in training `shards` until their slots hold what the round's mean is taken of. */
export type TrainParts = (
  shards: readonly number[],
  groups: readonly Span[],
  round: Round,
  committed: number,
) => void;

export function roundParts(context: WorkerContext): TrainParts {
  const { config: { training }, timed, barrier } = context;
  const takeSteps = localSteps(context);
  const averageGroups = groupMeans(context);

  return function train(shards, groups, round, committed) {
    for (const part of partsOf(training, round)) {
      timed("compute", () => context.claims.each(shards, (shard) => takeSteps(shard, part, committed)));
      if (part.isFirst) context.chaos(committed, 1);
      timed("wait", () => barrier());
      if (part.isLast) return;
      timed("average", () => groups.forEach((group) => averageGroups(group, part, committed)));
      timed("wait", () => barrier());
    }
  };
}
