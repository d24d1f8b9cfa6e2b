/** Who carries which shards in a round. It never changes the result, only how long a round takes. */

import type { Span } from "../../engine/tree_nodes.ts";

/** The shards of one member. */
export interface Hand {
  readonly member: string;
  readonly shards: readonly number[];
}

/** A member that shards can be dealt to. */
export interface Player {
  readonly member: string;
  /** Threads: shards are dealt in proportion. */
  readonly workers: number;
}

/**
 * Deals `shards` out in runs of neighbours, which share nodes of the tree, each member about as many as its workers can
 * carry at once. Members that get none are left out. Of `groups` of neighbours each goes to one member, whole, even if
 * only some of it are in `shards`: they average among themselves on the way.
 */
export function deal(shards: readonly number[], players: readonly Player[], groups: readonly Span[]): Hand[] {
  const wanted = new Set(shards);
  const dealt = groups.map(shardsIn).filter((group) => group.some((shard) => wanted.has(shard)));
  const inOrder = [...players].sort((a, b) => (a.member < b.member ? -1 : 1));
  const workers = inOrder.reduce((sum, player) => sum + player.workers, 0);
  const edge = (before: number) => Math.round(dealt.length * before / workers);
  let before = 0;
  return inOrder.flatMap((player) => {
    const begin = edge(before);
    before += player.workers;
    const own = dealt.slice(begin, edge(before)).flat();
    return own.length === 0 ? [] : [{ member: player.member, shards: own }];
  });
}

function shardsIn({ first, last }: Span): number[] {
  return Array.from({ length: last - first }, (_, i) => first + i);
}
