/** Assigns the shards of a round to members. The assignment never changes the result, only the time of a round. */
import type { Span } from "../../engine/tree_nodes.ts";

/** The shards of one member. */
export interface Assignment {
  readonly member: string;
  readonly shards: readonly number[];
}

/** A member that can train shards. */
interface Participant {
  readonly member: string;
  /** Its threads. Shards are assigned in proportion to them. */
  readonly workers: number;
}

/**
 * Assigns `shards` in ranges, whose shards share nodes of the tree, in proportion to the members' workers. Omits members
 * without shards. Assigns each of the `groups` of adjacent shards as a whole, even if only some of its shards are in
 * `shards`, as they average among themselves within the round.
 */
export function deal(
  shards: readonly number[],
  players: readonly Participant[],
  groups: readonly Span[],
): Assignment[] {
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
