/** What a machine does for a round, as the protocol sees it: bytes that only such machines understand. */
import type { Span } from "../../engine/tree_nodes.ts";
import type { RoundDigest } from "../protocol/messages.ts";

/** The sum of a node of the tree: weighted values of its shards, and their figures. */
export interface NodeSum extends Span {
  readonly bytes: Uint8Array;
}

/** The state of a machine after whole rounds. */
export interface Snapshot {
  readonly round: number;
  /** SHA-256 of the state. */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export interface LocalShards {
  /** Shards of the run. */
  readonly shards: number;
  /** Runs of them that one machine must carry together; each shard is in one. */
  readonly groups: readonly Span[];
  /** Rounds committed. */
  readonly round: number;
  /** Whether training has ended, which every machine finds out for itself from the same state. */
  readonly finished: boolean;
  /** Bytes of the sum of a node, at most, and of a snapshot. */
  mostBytes(span: Span): number;
  readonly mostStateBytes: number;
  /** Throws Malformed if these are not the bytes of such a node. */
  check(node: NodeSum): void;
  /** Trains `shards`, which are whole groups, for the round after `round` and sums the nodes that they own. Never called twice at a time. */
  sum(shards: readonly number[]): Promise<readonly NodeSum[]>;
  /** Completes the tree: what the round comes to, from sums that are enough for the root. */
  complete(nodes: readonly NodeSum[]): Uint8Array;
  /** Makes what `complete` came to, here or elsewhere, the state of the next round. */
  commit(base: Uint8Array): Promise<void>;
  snapshot(): Snapshot;
  /** Names the state, as `snapshot` does. */
  stateDigest(): RoundDigest;
  /** Goes on from `snapshot`. Throws Damaged if it is not what its digest says. */
  restore(snapshot: Snapshot): Promise<void>;
}
