/**
 * Groups of shards, which average among themselves between the parts of a round (`--cluster-every`, `--groups`). They are
 * of the run, as shards are; a machine carries whole ones, so that these means need nothing of any other machine.
 */
import type { TrainingConfig } from "../config/schema.ts";
import type { Span } from "../engine/tree_nodes.ts";

/** Runs of neighbouring shards, as even as can be. Where a round has one part, every shard is one by itself. */
export function groupsOf(
  { shards, groups, clusterEvery }: Pick<TrainingConfig, "shards" | "groups" | "clusterEvery">,
): Span[] {
  const length = clusterEvery === 1 ? shards : groups;
  const edge = (group: number) => Math.floor(shards * group / length);
  return Array.from({ length }, (_, group) => ({ first: edge(group), last: edge(group + 1) }));
}
