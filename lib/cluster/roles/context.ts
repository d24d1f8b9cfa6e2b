/** What the parts of one machine's protocol share, from joining to leaving or to the loss of the broker's store. */
import type { Agreement, CompareEvery } from "./agreement.ts";
import type { Clock } from "../protocol/clock.ts";
import type { Dropped } from "../protocol/dropped.ts";
import type { LocalShards } from "../rounds/round_executor.ts";
import type { Signer } from "../protocol/signer.ts";
import type { Transport } from "../protocol/transport.ts";

export interface ClusterOptions {
  /** This machine's name in the run; no other has it. */
  readonly member: string;
  /** Threads of this machine. */
  readonly workers: number;
  /** Members that must be there for a round to be dealt. */
  readonly minNodes: number;
  /** Silence after which a member or a leader counts as gone. */
  readonly leaseMs: number;
  /** Between two rounds after which machines compare their states. */
  readonly compareEvery: CompareEvery;
  /** How long a member may take for its shards before they are dealt to others as well. */
  readonly roundMs: number;
}

/** Something that people want to know. */
export type ClusterNews =
  /** Of `member`, if it is not this one's. */
  | { readonly type: "incident"; readonly message: string; readonly member?: string }
  | { readonly type: "members"; readonly members: readonly string[]; readonly leader: string; readonly round: number }
  | { readonly type: "committed"; readonly round: number };

export interface Context extends ClusterOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly local: LocalShards;
  /** Unique in the run: a broker leaves out what has an id that it has seen, even of a log that is purged since. */
  readonly newId: () => string;
  /** Ends everything. */
  readonly signal: AbortSignal;
  readonly report: (news: ClusterNews) => void;
  readonly traffic: Traffic;
  readonly agreement: Agreement;
  /** The run's id, as its claim has it: in every message. */
  readonly run: string;
  readonly signer: Signer;
  readonly dropped: Dropped;
}

/** Payload bytes of this machine, without those that it only kept at hand, and what it spent its time with. */
export interface Traffic {
  bytesUp: number;
  bytesDown: number;
  computeMs: number;
  startedAt: number;
}
