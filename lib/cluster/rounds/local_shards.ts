/** Defines the work of a machine for a round. The protocol does not interpret the bytes of sums and states. */
import type { Span } from "../../engine/tree_nodes.ts";
import type { RoundDigest } from "../protocol/messages.ts";

/** The sum of a node of the tree: weighted values of its shards, and their record fields. */
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
  /** Number of the run's shards. */
  readonly shards: number;
  /** Ranges of shards that one machine must train together; each shard is in one. */
  readonly groups: readonly Span[];
  /** Number of committed rounds. */
  readonly round: number;
  /** True if training has ended. Each machine decides it from the same state. */
  readonly finished: boolean;
  /** Maximum bytes of the sum of a node, and of a snapshot. */
  maxNodeBytes(span: Span): number;
  readonly maxStateBytes: number;
  /** Throws Malformed if the bytes do not encode such a node. */
  check(node: NodeSum): void;
  /** Trains `shards`, which are whole groups, for the next round and sums the nodes that they own. Never runs twice at a time. */
  sum(shards: readonly number[]): Promise<readonly NodeSum[]>;
  /** Completes the tree from the sums that it needs. Returns the result of the round. */
  complete(nodes: readonly NodeSum[]): Uint8Array;
  /** Commits a result of `complete`, from any machine, as the state of the next round. */
  commit(base: Uint8Array): Promise<void>;
  snapshot(): Snapshot;
  /** Returns the digest of a snapshot without its bytes. */
  stateDigest(): RoundDigest;
  /** Continues from `snapshot`. Throws Damaged if it does not match its digest. */
  restore(snapshot: Snapshot): Promise<void>;
}
