/** Weighs the shards for the average of a round. */
import { coefficients } from "../engine/tree_mean.ts";
import { ShardField } from "./memory/fields.ts";
import type { SharedRun } from "./memory/views.ts";

interface ShardWeights {
  /**
   * Counts the shards that took a step in this round: the first ones. The sum leaves out shards without rows, instead of
   * multiplying them with 0. The rest of the tree over all shards is the tree over these.
   */
  readonly active: number;
  /** `[active]` */
  readonly coefficients: Float32Array;
}

/**
 * Weighs each shard by the rows that it learnt from, each row with the weight of its class: so the mean gradient of N
 * shards is that of one batch of all their rows.
 */
export function shardWeights({ shards }: Pick<SharedRun, "shards">): ShardWeights {
  const active = shards.filter((fields) => fields[ShardField.samples]! > 0).length;
  return { active, coefficients: coefficients(shards.slice(0, active).map((fields) => fields[ShardField.weight]!)) };
}
