/** Who carries which shards in a round. It never changes the result, only how long a round takes. */

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
 * carry at once. Members that get none are left out.
 */
export function deal(shards: readonly number[], players: readonly Player[]): Hand[] {
  const sorted = [...shards].sort((a, b) => a - b);
  const inOrder = [...players].sort((a, b) => (a.member < b.member ? -1 : 1));
  const workers = inOrder.reduce((sum, player) => sum + player.workers, 0);
  const edge = (before: number) => Math.round(sorted.length * before / workers);
  let before = 0;
  return inOrder.flatMap((player) => {
    const begin = edge(before);
    before += player.workers;
    const own = sorted.slice(begin, edge(before));
    return own.length === 0 ? [] : [{ member: player.member, shards: own }];
  });
}
