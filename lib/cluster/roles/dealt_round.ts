/** Knows which shards of the newest dealt round each member got. */
import { ownedNodes, type Span } from "../../engine/tree_nodes.ts";
import type { DownOf } from "../protocol/messages.ts";
import type { Assignment } from "../rounds/assign_shards.ts";

export class DealtRound {
  readonly #shards: number;
  #round = 0;
  #assignments: readonly Assignment[] = [];

  /** `shards` is their number in the run. */
  constructor(shards: number) {
    this.#shards = shards;
  }

  add({ round, hands }: DownOf<"deal">): void {
    this.#assignments = round === this.#round ? [...this.#assignments, ...hands] : hands;
    this.#round = round;
  }

  /** Tells whether `member` got shards. */
  has(member: string): boolean {
    return this.#assignments.some((assignment) => assignment.member === member);
  }

  /** Tells whether `nodes` are the sums of shards that `member` got in `round`. */
  includes(round: number, member: string, nodes: readonly Span[]): boolean {
    if (round !== this.#round) return false;
    return this.#assignments.some((assignment) => {
      if (assignment.member !== member) return false;
      const owned = ownedNodes(new Set(assignment.shards), this.#shards);
      return owned.length === nodes.length &&
        owned.every(({ first, last }, i) => nodes[i]!.first === first && nodes[i]!.last === last);
    });
  }
}
