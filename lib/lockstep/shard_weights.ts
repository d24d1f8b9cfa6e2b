/** Which shards take part in the mean of a round, and by how much. */
import { coefficients } from "../engine/tree_mean.ts";
import type { SharedRun } from "./memory/views.ts";

export interface Shares {
  /**
   * Shards that took a step in this round: the first ones. A shard without rows has nothing to give, and is left out of the
   * sum instead of being multiplied with 0. What is left of the tree over all shards is the tree over these.
   */
  readonly active: number;
  /** `[active]` */
  readonly coefficients: Float32Array;
}

/**
 * Shards count by the rows that they learnt from, each with its class's weight: so the mean gradient of N shards is that
 * of one batch of all their rows.
 */
export function sharesOf({ shards }: Pick<SharedRun, "shards">): Shares {
  const active = shards.filter((figures) => figures[2]! > 0).length;
  return { active, coefficients: coefficients(shards.slice(0, active).map((figures) => figures[3]!)) };
}
